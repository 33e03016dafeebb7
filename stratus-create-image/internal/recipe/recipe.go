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

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/words"
)

// Recipe is what is done to a guest, in this order.
type Recipe struct {
	Copies    []Copy
	Repos     []string // forms: see Installer.repoFile
	Packages  []string
	Scripts   []Script
	Commands  []string // for sh -c
	Variables []Variable
	Installer Installer     // empty: the one that the operating system has
	Timeout   time.Duration // for each script, each command and the packages; 0 for none
}

// Empty says whether the recipe changes anything.
func (r *Recipe) Empty() bool {
	return len(r.Copies)+len(r.Repos)+len(r.Packages)+len(r.Scripts)+len(r.Commands) == 0
}

// Apply changes the guest. say tells what is being done.
func (r *Recipe) Apply(ctx context.Context, g *guest.Guest, os guest.OS, say func(format string, args ...any)) (err error) {
	if r.Empty() {
		return nil
	}
	dir, err := g.MakeDir(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() == nil && !errors.Is(err, guest.ErrBroken) { // else the whole machine goes
			err = errors.Join(err, dir.Remove(ctx))
		}
	}()
	if err := r.copyFiles(ctx, g, dir, say); err != nil {
		return err
	}
	if err := r.installPackages(ctx, g, dir, os, say); err != nil {
		return err
	}
	return r.runAll(ctx, g, dir, say)
}

// copyFiles brings each copy to the private directory first, so that a login
// user other than root can place files anywhere, and they belong to root.
func (r *Recipe) copyFiles(ctx context.Context, g *guest.Guest, dir *guest.Dir, say func(string, ...any)) error {
	for i, c := range r.Copies {
		target := c.target()
		say("copying %q to %q", c.Local, target)
		name := fmt.Sprintf("copy-%d", i)
		if err := dir.Upload(ctx, c.Local, name); err != nil {
			return err
		}
		staged := path.Join(dir.Path, name)
		info, err := os.Stat(c.Local)
		if err != nil {
			return fmt.Errorf("copying %q: %w", c.Local, err)
		}
		command := words.Join("chown", "-R", "0:0", staged) + " && " +
			words.Join("mkdir", "-p", path.Dir(target)) + " && "
		if info.IsDir() {
			command += words.Join("mkdir", "-p", target) + " && " + words.Join("cp", "-RPp", staged+"/.", target+"/")
		} else {
			command += words.Join("cp", "-p", staged, target)
		}
		if err := g.Run(ctx, "copying", command); err != nil {
			return fmt.Errorf("copying %q to %q: %w", c.Local, target, err)
		}
	}
	return nil
}

func (r *Recipe) installPackages(ctx context.Context, g *guest.Guest, dir *guest.Dir, os guest.OS, say func(string, ...any)) error {
	if len(r.Packages)+len(r.Repos) == 0 {
		return nil
	}
	installer := r.Installer
	if installer == "" {
		var err error
		if installer, err = InstallerFor(os); err != nil {
			return err
		}
	}
	if err := addRepos(ctx, g, dir, installer, r.Repos, say); err != nil {
		return err
	}
	if len(r.Packages) == 0 {
		return nil
	}
	say("installing with %s: %s", installer, strings.Join(r.Packages, " "))
	return r.timed(ctx, func(ctx context.Context) error {
		err := g.Run(ctx, string(installer), installer.install(r.Packages))
		if err != nil {
			return fmt.Errorf("installing the packages %q: %w", r.Packages, err)
		}
		return nil
	})
}

func addRepos(ctx context.Context, g *guest.Guest, dir *guest.Dir, installer Installer, repos []string, say func(string, ...any)) error {
	for n, entry := range repos {
		file, content, err := installer.repoFile(entry, n)
		if err != nil {
			return err
		}
		say("adding the repository %q", entry)
		name := fmt.Sprintf("repository-%d", n)
		if err := dir.Write(ctx, name, strings.NewReader(content), 0o644); err != nil {
			return err
		}
		command := words.Join("install", "-D", "-m", "644", path.Join(dir.Path, name), file)
		if installer == Apk {
			command = words.Join("cat", path.Join(dir.Path, name)) + " >> " + words.Quote(file)
		}
		if err := g.Run(ctx, "adding a repository", command); err != nil {
			return fmt.Errorf("adding the repository %q: %w", entry, err)
		}
	}
	return nil
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
	source := ". " + words.Quote(path.Join(dir.Path, "env")) + " && "
	for i, s := range r.Scripts {
		place := fmt.Sprintf("script-%d", i)
		if err := dir.Mkdir(place); err != nil {
			return err
		}
		name := path.Join(place, filepath.Base(s.Path))
		say("running the script %q %s", s.Path, words.Join(s.Args...))
		command := source + "exec " + words.Join(append([]string{path.Join(dir.Path, name)}, s.Args...)...)
		if err := r.runScript(ctx, g, dir, s, name, command); err != nil {
			return fmt.Errorf("running the script %q: %w", s.Path, err)
		}
	}
	for _, c := range r.Commands {
		say("running %q", c)
		err := r.timed(ctx, func(ctx context.Context) error {
			return g.Run(ctx, "run", source+"exec "+words.Join("sh", "-c", c))
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

// timed runs one step under the recipe's time limit.
func (r *Recipe) timed(ctx context.Context, step func(context.Context) error) error {
	if r.Timeout == 0 {
		return step(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.Timeout, fmt.Errorf("it took longer than %v (--script-timeout)", r.Timeout))
	defer cancel()
	return step(ctx)
}
