package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Recipe is what is done to a guest, in this order.
type Recipe struct {
	Copies    []Copy
	Repos     []string // forms: see CheckRepos
	Update    bool     // bring every installed package up to date
	Remove    []string // packages
	Packages  []string // to install by their names
	Files     []string // local package files to install
	Scripts   []Script
	Commands  []string // for sh -c
	Variables []Variable

	Installer     Installer     // empty: the one that the operating system has
	AllowUnsigned bool          // of Repos, take one without a key unverified
	HTTP          HTTP          // loads signing keys; nil where no repository has a URL for a key
	Mirror        *Mirror       // of apt's archives, for the time of Apply, or nil
	Proxy         string        // URL for the package manager's own runs, or empty; see CheckProxy
	Timeout       time.Duration // for each copy, script, command and run of the package manager; 0 for none

	ownTime time.Duration // for each other step; 0 for the constant
}

// Empty says whether the recipe changes anything.
func (r *Recipe) Empty() bool {
	return len(r.Copies)+len(r.Scripts)+len(r.Commands) == 0 && !r.needsInstaller()
}

// needsInstaller says whether the package manager has something to do.
func (r *Recipe) needsInstaller() bool { return len(r.Repos)+len(r.Remove) > 0 || r.NeedsRepos() }

// NeedsRepos says whether package repositories must be reached.
func (r *Recipe) NeedsRepos() bool { return r.Update || len(r.Packages)+len(r.Files) > 0 }

// Apply changes the guest. say tells what is being done.
func (r *Recipe) Apply(ctx context.Context, g *guest.Guest, os guest.OS, say func(format string, args ...any)) (err error) {
	if r.Empty() {
		return nil
	}
	p, err := r.newPackaging(ctx, os, say)
	if err != nil {
		return err
	}
	var dir *guest.Dir
	err = r.limited(ctx, func(ctx context.Context) (err error) {
		dir, err = g.MakeDir(ctx)
		return err
	})
	if err != nil {
		return err
	}
	mirrored := &mirrored{guest: g, dir: dir}
	defer func() {
		if ctx.Err() == nil && !errors.Is(err, guest.ErrBroken) { // else the whole machine goes
			err = errors.Join(err,
				r.limited(ctx, func(ctx context.Context) error { return mirrored.restore(ctx, say) }),
				r.limited(ctx, dir.Remove))
		}
	}()
	if err := r.copyFiles(ctx, g, dir, say); err != nil {
		return err
	}
	if err := p.addRepos(ctx, g, dir); err != nil {
		return err
	}
	if r.Mirror != nil && p.installer == Apt {
		say("using the mirror %s", r.Mirror)
		if err := r.limited(ctx, func(ctx context.Context) error { return mirrored.use(ctx, r.Mirror) }); err != nil {
			return err
		}
	}
	if err := p.change(ctx, g, dir); err != nil {
		return err
	}
	return r.runAll(ctx, g, dir, say)
}

// copyFiles brings each copy to the private directory first, so that a login
// user other than root can place files anywhere, and they belong to root.
func (r *Recipe) copyFiles(ctx context.Context, g *guest.Guest, dir *guest.Dir, say func(string, ...any)) error {
	for i, c := range r.Copies {
		say("copying %q to %q", c.Local, c.target())
		err := r.timed(ctx, func(ctx context.Context) error { return c.copyTo(ctx, g, dir, fmt.Sprintf("copy-%d", i)) })
		if err != nil {
			return fmt.Errorf("copying %q to %q: %w", c.Local, c.target(), err)
		}
	}
	return nil
}

// copyTo has the name in the private directory on its way.
func (c Copy) copyTo(ctx context.Context, g *guest.Guest, dir *guest.Dir, name string) error {
	if err := dir.Upload(ctx, c.Local, name); err != nil {
		return err
	}
	info, err := os.Stat(c.Local)
	if err != nil {
		return err
	}
	staged, target := path.Join(dir.Path, name), c.target()
	command := shell.Join("chown", "-R", "0:0", staged) + " && " +
		shell.Join("mkdir", "-p", path.Dir(target)) + " && "
	if info.IsDir() {
		command += shell.Join("mkdir", "-p", target) + " && " + shell.Join("cp", "-RPp", staged+"/.", target+"/")
	} else {
		command += shell.Join("cp", "-p", staged, target)
	}
	return g.Run(ctx, "copying", command)
}

// runAll runs scripts and commands. The variables reach them through a private
// file: on command lines anybody in the guest could read them.
func (r *Recipe) runAll(ctx context.Context, g *guest.Guest, dir *guest.Dir, say func(string, ...any)) error {
	if len(r.Scripts)+len(r.Commands) == 0 {
		return nil
	}
	if err := dir.Write(ctx, "env", strings.NewReader(exports(r.Variables)), 0o600); err != nil {
		return err
	}
	source := ". " + shell.Quote(path.Join(dir.Path, "env")) + " && "
	for i, s := range r.Scripts {
		place := fmt.Sprintf("script-%d", i)
		if err := dir.Mkdir(ctx, place); err != nil {
			return err
		}
		name := path.Join(place, filepath.Base(s.Path))
		say("running the script %q %s", s.Path, shell.Join(s.Args...))
		command := source + "exec " + shell.Join(append([]string{path.Join(dir.Path, name)}, s.Args...)...)
		if err := r.runScript(ctx, g, dir, s, name, command); err != nil {
			return fmt.Errorf("running the script %q: %w", s.Path, err)
		}
	}
	for _, c := range r.Commands {
		say("running %q", c)
		err := r.timed(ctx, func(ctx context.Context) error {
			return g.Run(ctx, "run", source+"exec "+shell.Join("sh", "-c", c))
		})
		if err != nil {
			return fmt.Errorf("running the command %q: %w", c, err)
		}
	}
	return nil
}

func (r *Recipe) runScript(ctx context.Context, g *guest.Guest, dir *guest.Dir, s Script, name, command string) error {
	f, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := dir.Write(ctx, name, f, 0o700); err != nil {
		return err
	}
	return r.timed(ctx, func(ctx context.Context) error {
		return g.Run(ctx, filepath.Base(s.Path), command)
	})
}
