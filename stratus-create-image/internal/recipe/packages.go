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

// CheckRepos finds what is wrong with repositories whatever the guest's package
// manager will be. Their form is "[[OPTION]] URL [WORD ...]": for apt
// "URL SUITE [COMPONENT ...]", for dnf, yum and zypper "URL [KEY-URL]", for apk
// "URL", for pacman "URL NAME". OPTION is "key=KEY", a local file or an https URL
// with the key that signs the repository, or, for apt, "signed-by=KEYRING", a
// file that the guest has. KEY-URL is an https or file URL.
func CheckRepos(entries []string) error {
	for _, entry := range entries {
		r, err := parseRepo(entry)
		if err != nil {
			return err
		}
		if r.keyFrom != "" && !strings.Contains(r.keyFrom, "://") {
			if _, _, err := loadKey(context.Background(), nil, r.keyFrom); err != nil {
				return fmt.Errorf("reading the signing key: %w", err)
			}
		}
	}
	return nil
}

// packaging is what one guest's package manager is to do.
type packaging struct {
	*Recipe
	installer  Installer // empty where it has nothing to do
	additions  []addition
	conditions conditions
	say        func(format string, args ...any)
}

// newPackaging finds out all that can go wrong before the guest is touched.
func (r *Recipe) newPackaging(ctx context.Context, os guest.OS, say func(string, ...any)) (*packaging, error) {
	p := &packaging{Recipe: r, installer: r.Installer, say: say}
	if p.installer == "" {
		var err error
		// A mirror is for scripts as well, but no reason to refuse a guest.
		if p.installer, err = installerFor(os); err != nil && r.needsInstaller() {
			return nil, err
		}
	}
	if r.Mirror != nil && p.installer != Apt {
		say("not using the mirror %s: the guest has no apt", r.Mirror)
	}
	for _, file := range r.Files {
		if suffixes := managers[p.installer].suffixes; !hasSuffix(file, suffixes) {
			return nil, fmt.Errorf("reading the package file %q: %s installs files that end with %s", file, p.installer, strings.Join(suffixes, ", "))
		}
	}
	for _, entry := range r.Repos {
		a, err := p.newAddition(ctx, entry)
		if err != nil {
			return nil, err
		}
		p.additions = append(p.additions, a)
	}
	return p, nil
}

func (p *packaging) newAddition(ctx context.Context, entry string) (addition, error) {
	r, err := parseRepo(entry)
	if err != nil {
		return addition{}, err
	}
	var k *key
	if r.keyFrom != "" {
		if k, err = p.installer.readKey(ctx, p.HTTP, r.keyFrom); err != nil {
			return addition{}, err
		}
	} else if p.AllowUnsigned {
		p.conditions.unsigned = true
	}
	return p.installer.addition(r, k, p.AllowUnsigned)
}

func (p *packaging) addRepos(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	for n, a := range p.additions {
		p.say("adding the repository %q", a.entry)
		if err := p.limited(ctx, func(ctx context.Context) error { return a.apply(ctx, g, dir, n) }); err != nil {
			return fmt.Errorf("adding the repository %q: %w", a.entry, err)
		}
	}
	return nil
}

// grow adds the text of the file $1 to the file $2, unless it is there: an image
// may be made from one that has it. The file may end in the midst of a line.
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

// change runs the package manager. Packages go before others come: those may
// conflict with them.
func (p *packaging) change(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	m := managers[p.installer]
	if err := p.limited(ctx, func(ctx context.Context) error { return p.useProxy(ctx, g, dir) }); err != nil {
		return fmt.Errorf("using the package proxy: %w", err)
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
	if len(p.Packages) > 0 {
		p.say("installing with %s: %s", p.installer, strings.Join(p.Packages, " "))
		if err := p.run(ctx, g, m.install, p.Packages); err != nil {
			return fmt.Errorf("installing the packages %q: %w", p.Packages, err)
		}
	}
	return p.installFiles(ctx, g, dir)
}

// installFiles installs all local files at once: they may need each other. In
// the guest they have names of ours.
func (p *packaging) installFiles(ctx context.Context, g *guest.Guest, dir *guest.Dir) error {
	if len(p.Files) == 0 {
		return nil
	}
	p.say("installing with %s: %s", p.installer, strings.Join(p.Files, " "))
	m := managers[p.installer]
	var there []string
	for n, local := range p.Files {
		suffix := m.suffixes[slices.IndexFunc(m.suffixes, func(s string) bool { return strings.HasSuffix(local, s) })]
		name := fmt.Sprintf("package-%d%s", n, suffix)
		if err := dir.Upload(ctx, local, name); err != nil {
			return err
		}
		there = append(there, path.Join(dir.Path, name))
	}
	if err := p.run(ctx, g, m.local, there); err != nil {
		return fmt.Errorf("installing the files %q: %w", p.Files, err)
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
		if errors.As(err, &exit) && slices.Contains(managers[p.installer].fine, exit.Status) {
			return nil
		}
		return err
	})
}
