package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// checkOutputs makes sure, before anything is asked or written, that no output
// is in the way of what must be kept. It replaces the names of documents that
// are signed in place by those of the files behind them.
func (j *job) checkOutputs(c *command.Call) error {
	if !j.inPlace {
		if err := c.CheckOverwrite(j.output, append(j.inputs, j.image)...); err != nil {
			return report.WithHint(err, "to replace the document itself, sign with --in-place")
		}
		return files.TryOutput(j.output)
	}
	seen := map[string]bool{}
	for i, input := range j.inputs {
		path, err := filepath.EvalSymlinks(input)
		if err != nil {
			return fmt.Errorf("finding %q: %w", input, err)
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return report.Usagef("signing %q in place: not a regular file", input)
		}
		if seen[path] {
			return report.Usagef("signing %q in place: it is named twice", input)
		}
		seen[path] = true
		switch _, err := os.Lstat(path + j.suffix); {
		case err == nil:
			return errKept(path + j.suffix)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("keeping the unsigned document: %w", err)
		}
		if err := files.TryOutput(path); err != nil {
			return err
		}
		j.inputs[i] = path
	}
	return nil
}

func errKept(name string) error {
	return report.WithHint(report.Usagef("keeping the unsigned document as %q: the file exists", name),
		"move it away, or give another --suffix")
}

// replace replaces the documents by their signed forms, all of them or none.
func (j *job) replace(ctx context.Context, signed [][]byte) error {
	// All that can fail for want of space or permission comes first.
	pending := make([]*files.Pending, len(j.inputs))
	for i, path := range j.inputs {
		p, err := files.CreatePending(path, true)
		if err != nil {
			return err
		}
		defer p.Discard()
		if _, err := p.File.Write(signed[i]); err != nil {
			return fmt.Errorf("writing %q: %w", path, err)
		}
		pending[i] = p
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, path := range j.inputs {
		if err := keep(path, path+j.suffix); err != nil {
			return errors.Join(err, j.removeKept(j.inputs[:i]))
		}
	}
	for i := range pending {
		if err := pending[i].Commit(); err != nil {
			if pending[i].Appeared() {
				i++ // what is kept is all there is of what it was
			}
			return errors.Join(err, j.removeKept(j.inputs[i:]))
		}
	}
	return nil
}

// removeKept removes the second names of documents that stay as they are.
func (j *job) removeKept(paths []string) error {
	var failed error
	for _, path := range paths {
		failed = errors.Join(failed, os.Remove(path+j.suffix))
	}
	return failed
}

// keep adds a second name to a file, which must be free.
func keep(path, name string) error {
	err := os.Link(path, name)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return errKept(name)
	}
	return copyFile(path, name) // on file systems without links
}

func copyFile(path, name string) error {
	from, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keeping the unsigned document: %w", err)
	}
	defer from.Close()
	p, err := files.CreatePending(name, false)
	if err != nil {
		return fmt.Errorf("keeping the unsigned document: %w", err)
	}
	defer p.Discard()
	if _, err := io.Copy(p.File, from); err != nil {
		return fmt.Errorf("keeping the unsigned document as %q: %w", name, err)
	}
	return p.Commit()
}
