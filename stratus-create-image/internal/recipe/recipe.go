// Package recipe changes a running guest as the user asked: files, package
// repositories, packages, scripts and commands. It must not know how the guest
// came to run, nor what becomes of it.
package recipe

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Recipe is what is done to a guest, in this order. Each part has a parser here.
type Recipe struct {
	Copies    []Copy
	Repos     []Repo
	Update    bool      // bring every installed package up to date
	Remove    []string  // names of packages, as ParseNames returns them
	Packages  []Package // to install
	Scripts   []Script
	Commands  []string   // for sh -c
	Variables []Variable // of scripts and commands

	Installer     Installer     // empty: the one that the operating system has
	AllowUnsigned bool          // do not check the packages of Repos that have no key
	HTTP          HTTP          // loads signing keys; nil where no repository has a URL for a key
	Mirrors       Mirrors       // of apt's archives, while Apply runs
	Proxy         Proxy         // of the package manager, while Apply runs; empty for none
	Timeout       time.Duration // for each copy, script, command and run of the package manager; 0 for none

	ownTime time.Duration // for each other step; 0 for the constant
}

// Empty reports whether the recipe changes nothing.
func (r *Recipe) Empty() bool {
	return len(r.Copies)+len(r.Scripts)+len(r.Commands) == 0 && !r.needsInstaller()
}

// needsInstaller reports whether the package manager has something to do.
func (r *Recipe) needsInstaller() bool { return len(r.Repos)+len(r.Remove) > 0 || r.NeedsRepos() }

// NeedsRepos reports whether package repositories must be reached.
func (r *Recipe) NeedsRepos() bool { return r.Update || len(r.Packages) > 0 }

// Describe calls step with the name and a description of each step.
func (r *Recipe) Describe(step func(name, format string, args ...any)) {
	for _, c := range r.Copies {
		step("copy", "%s to %s", c.Local, c.Remote)
	}
	for _, repo := range r.Repos {
		step("repo", "%s", repo)
	}
	if len(r.Mirrors) > 0 {
		step("mirror", "%s", r.Mirrors)
	}
	if r.Proxy != "" {
		step("proxy", "%s", r.Proxy)
	}
	if r.Update {
		step("update", "all packages")
	}
	if len(r.Remove) > 0 {
		step("remove", "%s", strings.Join(r.Remove, " "))
	}
	if len(r.Packages) > 0 {
		step("install", "%s", strings.Join(append(names(r.Packages, false), names(r.Packages, true)...), " "))
	}
	for _, s := range r.Scripts {
		step("script", "%s", s)
	}
	for _, c := range r.Commands {
		step("run", "%s", c)
	}
}

// ownTime bounds each step that is not the user's.
const ownTime = 10 * time.Minute

// limited runs one step of ours.
func (r *Recipe) limited(ctx context.Context, step func(context.Context) error) error {
	return within(ctx, cmp.Or(r.ownTime, ownTime), "", step)
}

// timed runs one step of the user's, under the recipe's time limit.
func (r *Recipe) timed(ctx context.Context, step func(context.Context) error) error {
	if r.Timeout == 0 {
		return step(ctx)
	}
	return within(ctx, r.Timeout, " (--script-timeout)", step)
}

func within(ctx context.Context, limit time.Duration, option string, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v%s", limit, option))
	defer cancel()
	return step(ctx)
}

// copyOne copies a file by way of the private directory, so that a login user other
// than root can place files anywhere, and they belong to root.
func (j *Job) copyOne(ctx context.Context, c Copy) error {
	j.say("copying %q to %q", c.Local, c.target())
	j.copies++
	err := j.timed(ctx, func(ctx context.Context) error {
		return c.copyTo(ctx, j.guest, j.dir, fmt.Sprintf("copy-%d", j.copies))
	})
	if err != nil {
		return fmt.Errorf("copying %q to %q: %w", c.Local, c.target(), err)
	}
	return nil
}

// copyTo copies one file or directory. On its way it has the given name in the
// private directory.
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

// source returns the beginning of a shell command that sets the variables of scripts
// and commands: the user's win over ours. They are in a private file, because
// everybody in the guest can read command lines.
func (j *Job) source(ctx context.Context) (string, error) {
	const name = "env"
	if !j.exported {
		if err := j.dir.Write(ctx, name, strings.NewReader(exports(append(j.forScripts, j.Variables...))), 0o600); err != nil {
			return "", err
		}
		j.exported = true
	}
	return ". " + shell.Quote(path.Join(j.dir.Path, name)) + " && ", nil
}

func (j *Job) runScript(ctx context.Context, s Script) error {
	j.say("running the script %s", s)
	err := j.script(ctx, s)
	if err != nil {
		return fmt.Errorf("running the script %q: %w", s.Path, err)
	}
	return nil
}

func (j *Job) script(ctx context.Context, s Script) error {
	source, err := j.source(ctx)
	if err != nil {
		return err
	}
	j.scripts++
	place := fmt.Sprintf("script-%d", j.scripts)
	if err := j.dir.Mkdir(ctx, place); err != nil {
		return err
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	name := path.Join(place, filepath.Base(s.Path))
	if err := j.dir.Write(ctx, name, f, 0o700); err != nil {
		return err
	}
	command := source + "exec " + shell.Join(append([]string{path.Join(j.dir.Path, name)}, s.Args...)...)
	return j.timed(ctx, func(ctx context.Context) error {
		return j.guest.Run(ctx, filepath.Base(s.Path), command)
	})
}

func (j *Job) runCommand(ctx context.Context, command string) error {
	j.say("running %q", command)
	source, err := j.source(ctx)
	if err == nil {
		err = j.timed(ctx, func(ctx context.Context) error {
			return j.guest.Run(ctx, "run", source+"exec "+shell.Join("sh", "-c", command))
		})
	}
	if err != nil {
		return fmt.Errorf("running the command %q: %w", command, err)
	}
	return nil
}
