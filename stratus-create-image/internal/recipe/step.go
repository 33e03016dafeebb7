package recipe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Step is a part of a recipe that is done by itself.
type Step struct {
	Name string // for people, as in "packages"
	// Kind is the name without what the user has typed: "packages", "script" and so on.
	Kind string
	// Lists is set for the step that reads the lists of packages: what it leaves in the
	// guest depends on the archives.
	Lists bool
	// Packages is set for those that change the installed packages, and Script for those
	// that run the user's programs.
	Packages, Script bool

	configured bool     // needs the settings of the package manager
	inputs     any      // words, and slices and structs of them
	files      []string // local ones that are inputs, too
	do         func(j *Job, ctx context.Context) error
}

// Steps returns the steps in their order.
func (r *Recipe) Steps() (steps []*Step) {
	add := func(s Step) {
		if s.Kind == "" {
			s.Kind = s.Name
		}
		steps = append(steps, &s)
	}
	for _, c := range r.Copies {
		add(Step{Kind: "copy", Name: fmt.Sprintf("the copy %q", c.target()), inputs: c.target(), files: []string{c.Local},
			do: func(j *Job, ctx context.Context) error { return j.copyOne(ctx, c) }})
	}
	if len(r.Repos) > 0 {
		type repo struct{ Text, Key string }
		var repos []repo
		for _, one := range r.Repos {
			repos = append(repos, repo{one.text, string(one.keyBytes)})
		}
		add(Step{Name: "repositories", inputs: []any{r.Installer, r.AllowUnsigned, repos}, do: (*Job).addRepos})
	}
	mirrors := fmt.Sprintf("%q", []Mirror(r.Mirrors)) // where from and where to
	if r.NeedsRepos() {
		add(Step{Name: "package lists", Lists: true, configured: true, inputs: []any{r.Installer, mirrors}, do: (*Job).refresh})
	}
	if r.Update {
		add(Step{Name: "update", Packages: true, configured: true, inputs: r.Update, do: (*Job).update})
	}
	if len(r.Remove) > 0 {
		add(Step{Name: "removals", Packages: true, configured: true, inputs: []any{r.Installer, r.Remove}, do: (*Job).remove})
	}
	if len(r.Packages) > 0 {
		add(Step{Name: "packages", Packages: true, configured: true, inputs: names(r.Packages, false), files: names(r.Packages, true), do: (*Job).install})
	}
	more := len(r.Mirrors) > 0 // scripts use them, too
	for _, s := range r.Scripts {
		add(Step{Kind: "script", Name: fmt.Sprintf("the script %s", s), Script: true, configured: more,
			inputs: []any{filepath.Base(s.Path), s.Args, r.Variables, mirrors}, files: []string{s.Path},
			do: func(j *Job, ctx context.Context) error { return j.runScript(ctx, s) }})
	}
	for _, c := range r.Commands {
		add(Step{Kind: "command", Name: fmt.Sprintf("the command %q", c), Script: true, configured: more, inputs: []any{c, r.Variables, mirrors},
			do: func(j *Job, ctx context.Context) error { return j.runCommand(ctx, c) }})
	}
	return steps
}

// Digest returns the SHA-256, in hexadecimal digits, of everything that the step
// depends on, apart from what is in the guest and what archives and servers hold. Proxies
// and time limits do not count.
func (s *Step) Digest() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %#v\n", s.Kind, s.inputs) // keeps bytes apart that are not UTF-8
	for _, name := range s.files {
		if err := digestTree(h, name); err != nil {
			return "", fmt.Errorf("reading the inputs of %s: %w", s.Name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// digestTree adds a file or directory tree to a digest, with what Upload copies.
func digestTree(h hash.Hash, local string) error {
	root, err := filepath.EvalSymlinks(local)
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%q\n", filepath.Base(local))
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(file); err != nil {
				return err
			}
		}
		fmt.Fprintf(h, "%q %v %q\n", relative, info.Mode(), link)
		if !info.Mode().IsRegular() {
			return nil
		}
		f, err := os.Open(file) //nolint:gosec // the user's own tree, which Upload reads in the same way
		if err != nil {
			return err
		}
		defer f.Close()
		content := sha256.New()
		if _, err := io.Copy(content, f); err != nil {
			return err
		}
		fmt.Fprintf(h, "%x\n", content.Sum(nil))
		return nil
	})
}
