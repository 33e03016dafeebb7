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

func (p *packaging) addRepos(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	for n, a := range p.additions {
		p.say("adding the repository %q", a.repo)
		if err := p.limited(ctx, func(ctx context.Context) error { return a.apply(ctx, g, dir, n) }); err != nil {
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

// change runs the package manager. It removes packages before it installs
// others, which may conflict with them.
func (p *packaging) change(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	m := managers[p.installer]
	if err := p.limited(ctx, func(ctx context.Context) error { return p.configure(ctx, g, dir) }); err != nil {
		return err
	}
	if p.NeedsRepos() {
		p.say("reading the package lists with %s", p.installer)
		if err := p.run(ctx, g, m.refresh, nil); err != nil {
			return fmt.Errorf("reading the package lists: %w", err)
		}
	}
	if p.Update {
		p.say("updating all packages with %s", p.installer)
		if err := p.run(ctx, g, m.upgrade, nil); err != nil {
			return fmt.Errorf("updating all packages: %w", err)
		}
	}
	if len(p.Remove) > 0 {
		p.say("removing with %s: %s", p.installer, strings.Join(p.Remove, " "))
		if err := p.run(ctx, g, m.remove, p.Remove); err != nil {
			return fmt.Errorf("removing the packages %q: %w", p.Remove, err)
		}
	}
	if len(p.packages) > 0 {
		p.say("installing with %s: %s", p.installer, strings.Join(p.packages, " "))
		if err := p.run(ctx, g, m.install, p.packages); err != nil {
			return fmt.Errorf("installing the packages %q: %w", p.packages, err)
		}
	}
	return p.installFiles(ctx, g, dir)
}

// installFiles installs all local files at once: they may need each other. Their
// names in the guest are chosen here.
func (p *packaging) installFiles(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	if len(p.files) == 0 {
		return nil
	}
	p.say("installing with %s: %s", p.installer, strings.Join(p.files, " "))
	m := managers[p.installer]
	var there []string
	for n, local := range p.files {
		suffix := m.suffixes[slices.IndexFunc(m.suffixes, func(s string) bool { return strings.HasSuffix(local, s) })]
		name := fmt.Sprintf("package-%d%s", n, suffix)
		if err := dir.Upload(ctx, local, name); err != nil {
			return err
		}
		there = append(there, path.Join(dir.Path, name))
	}
	if err := p.run(ctx, g, m.local, there); err != nil {
		return fmt.Errorf("installing the files %q: %w", p.files, err)
	}
	return nil
}

// run runs the package manager once.
func (p *packaging) run(ctx context.Context, g *guest.Guest, base, packages []string) error {
	command := shell.Join(p.installer.command(base, packages, p.conditions)...)
	if p.conditions.environment != "" {
		command = shell.Join(".", p.conditions.environment) + " && " + command
	}
	return p.timed(ctx, func(ctx context.Context) error {
		err := g.Run(ctx, string(p.installer), command)
		var exit *guest.ExitError
		if errors.As(err, &exit) && slices.Contains(managers[p.installer].success, exit.Status) {
			return nil
		}
		return err
	})
}
