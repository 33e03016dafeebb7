package recipe

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// packaging is the part of a recipe that a package manager does.
type packaging struct {
	*Recipe
	installer  Installer // empty: it has nothing to do
	additions  []addition
	conditions conditions
	packages   []string   // of repositories
	files      []string   // local ones
	forScripts []Variable // of scripts and commands
	say        func(format string, args ...any)
}

// newPackaging reports what can be known to go wrong before the guest is
// changed.
func (r *Recipe) newPackaging(ctx context.Context, os guest.OS, say func(string, ...any)) (*packaging, error) {
	p := &packaging{Recipe: r, installer: r.Installer, packages: names(r.Packages, false), files: names(r.Packages, true), say: say}
	if p.installer == "" {
		var err error
		// A mirror is for scripts as well, but no reason to refuse a guest.
		if p.installer, err = installerFor(os); err != nil && r.needsInstaller() {
			return nil, err
		}
	}
	if len(r.Mirrors) > 0 && p.installer != Apt {
		say("not using the mirror %s: the guest has no apt", r.Mirrors)
	}
	for _, file := range p.files {
		if suffixes := managers[p.installer].suffixes; !hasSuffix(file, suffixes) {
			return nil, fmt.Errorf("reading the package file %q: %s installs files that end with %s", file, p.installer, strings.Join(suffixes, ", "))
		}
	}
	for _, repo := range r.Repos {
		a, err := p.newAddition(ctx, repo)
		if err != nil {
			return nil, err
		}
		p.additions = append(p.additions, a)
	}
	return p, nil
}

func (p *packaging) newAddition(ctx context.Context, r Repo) (addition, error) {
	k, err := p.installer.readKey(ctx, p.HTTP, r)
	if err != nil {
		return addition{}, err
	}
	if k == nil && p.AllowUnsigned {
		p.conditions.unsigned = true
	}
	return p.installer.addition(r, k, p.AllowUnsigned)
}

func (j *Job) addRepos(ctx context.Context) error {
	for n, a := range j.additions {
		j.say("adding the repository %q", a.repo)
		if err := j.limited(ctx, func(ctx context.Context) error { return a.apply(ctx, j.guest, j.dir, n) }); err != nil {
			return fmt.Errorf("adding the repository %q: %w", a.repo, err)
		}
	}
	return nil
}

// grow appends the text of the file $1 to the file $2, unless that has it, as in
// an image made from one with the same repository. $2 may end without a newline.
const grow = `
nl='
'
case "$nl$(cat "$2" 2>/dev/null)$nl" in
*"$nl$(cat "$1")$nl"*) exit ;;
esac
if [ -s "$2" ] && [ -n "$(tail -c 1 "$2")" ]; then echo >>"$2"; fi
cat "$1" >>"$2"
`

func (a addition) apply(ctx context.Context, g *guest.Guest, dir *guest.Dir, n int) error {
	const label = "adding a repository"
	for i, f := range a.files {
		name := fmt.Sprintf("repository-%d-%d", n, i)
		if err := dir.Write(ctx, name, strings.NewReader(f.content), 0o644); err != nil {
			return err
		}
		staged := path.Join(dir.Path, name)
		command := shell.Join("mkdir", "-p", path.Dir(f.path)) + " && " + shell.Join("cp", staged, f.path) + " && " + shell.Join("chown", "0:0", f.path)
		if f.grow {
			command = shell.Join("sh", "-c", grow, "sh", staged, f.path)
		}
		if err := g.Run(ctx, label, command); err != nil {
			return err
		}
	}
	for _, argv := range a.commands {
		if err := g.Run(ctx, label, shell.Join(argv...)); err != nil {
			return err
		}
	}
	return nil
}

func (j *Job) refresh(ctx context.Context) error {
	j.say("reading the package lists with %s", j.installer)
	if err := j.run(ctx, managers[j.installer].refresh, nil); err != nil {
		return fmt.Errorf("reading the package lists: %w", err)
	}
	return nil
}

func (j *Job) update(ctx context.Context) error {
	j.say("updating all packages with %s", j.installer)
	if err := j.run(ctx, managers[j.installer].upgrade, nil); err != nil {
		return fmt.Errorf("updating all packages: %w", err)
	}
	return nil
}

// remove removes packages before others are installed, which may conflict with them.
func (j *Job) remove(ctx context.Context) error {
	j.say("removing with %s: %s", j.installer, strings.Join(j.Remove, " "))
	if err := j.run(ctx, managers[j.installer].remove, j.Remove); err != nil {
		return fmt.Errorf("removing the packages %q: %w", j.Remove, err)
	}
	return nil
}

func (j *Job) install(ctx context.Context) error {
	if len(j.packages) > 0 {
		j.say("installing with %s: %s", j.installer, strings.Join(j.packages, " "))
		if err := j.run(ctx, managers[j.installer].install, j.packages); err != nil {
			return fmt.Errorf("installing the packages %q: %w", j.packages, err)
		}
	}
	return j.installFiles(ctx)
}

// installFiles installs all local files at once: they may need each other. Their
// names in the guest are chosen here.
func (j *Job) installFiles(ctx context.Context) error {
	if len(j.files) == 0 {
		return nil
	}
	j.say("installing with %s: %s", j.installer, strings.Join(j.files, " "))
	m := managers[j.installer]
	var there []string
	for n, local := range j.files {
		suffix := m.suffixes[slices.IndexFunc(m.suffixes, func(s string) bool { return strings.HasSuffix(local, s) })]
		name := fmt.Sprintf("package-%d%s", n, suffix)
		if err := j.dir.Upload(ctx, local, name); err != nil {
			return err
		}
		there = append(there, path.Join(j.dir.Path, name))
	}
	if err := j.run(ctx, m.local, there); err != nil {
		return fmt.Errorf("installing the files %q: %w", j.files, err)
	}
	return nil
}

// run runs the package manager once.
func (j *Job) run(ctx context.Context, base, packages []string) error {
	command := shell.Join(j.installer.command(base, packages, j.conditions)...)
	if j.conditions.environment != "" {
		command = shell.Join(".", j.conditions.environment) + " && " + command
	}
	return j.timed(ctx, func(ctx context.Context) error {
		err := j.guest.Run(ctx, string(j.installer), command)
		var exit *guest.ExitError
		if errors.As(err, &exit) && slices.Contains(managers[j.installer].success, exit.Status) {
			return nil
		}
		return err
	})
}
