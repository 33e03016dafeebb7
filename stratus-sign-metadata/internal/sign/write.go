package sign

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
)

// checkOutputs makes sure, before anything is asked or written, that no output
// is in the way of what must be kept. It finds the files behind the names of
// documents that are signed in place.
func (o Options) checkOutputs(documents []document) error {
	if !o.InPlace {
		return o.checkOutput()
	}
	seen := map[string]bool{}
	for i, input := range o.Inputs {
		path, err := filepath.EvalSymlinks(input)
		if err != nil {
			return fmt.Errorf("finding %q: %w", input, err)
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return fault.Usagef("signing %q in place: it is no regular file", input)
		}
		if seen[path] {
			return fault.Usagef("signing %q in place: it is named twice", input)
		}
		seen[path] = true
		switch _, err := os.Lstat(path + o.Suffix); {
		case err == nil:
			return errKept(path + o.Suffix)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("keeping the unsigned document: %w", err)
		}
		if err := files.TryOutput(path); err != nil {
			return err
		}
		documents[i].path = path
	}
	return nil
}

func errKept(name string) error {
	return fault.WithHint(fault.Usagef("keeping the unsigned document as %q: the file exists", name),
		"move it away, or give another --suffix")
}

// checkOutput refuses to write over what is read.
func (o Options) checkOutput() error {
	for _, input := range append([]string{o.CheckImage}, o.Inputs...) {
		if sameFile(input, o.Output) {
			return fault.WithHint(fault.Usagef("reading and writing the same file, %q", o.Output), "write to another file, or sign with --in-place")
		}
	}
	return files.TryOutput(o.Output)
}

// sameFile tells whether two names stand for one regular file.
func sameFile(a, b string) bool {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	return errA == nil && errB == nil && first.Mode().IsRegular() && os.SameFile(first, second)
}

func (o Options) write(c *command.Call, documents []document) error {
	if !o.InPlace {
		return c.WriteProduct(o.Output, documents[0].signed)
	}
	// All that can fail for want of space or permission comes first.
	pending := make([]*files.Pending, len(documents))
	for i, d := range documents {
		p, err := files.CreatePending(d.path, true)
		if err != nil {
			return err
		}
		defer p.Discard()
		if _, err := p.File.Write(d.signed); err != nil {
			return fmt.Errorf("writing %q: %w", d.name, err)
		}
		pending[i] = p
	}
	if err := c.Ctx.Err(); err != nil {
		return err
	}
	if err := o.keepAll(documents); err != nil {
		return err
	}
	for i := range documents {
		if err := pending[i].Commit(); err != nil {
			if pending[i].Appeared() {
				i++ // what is kept is all there is of what it was
			}
			return errors.Join(err, o.removeKept(documents[i:]))
		}
	}
	return nil
}

// keepAll keeps what the documents were, all of them or none.
func (o Options) keepAll(documents []document) error {
	for i, d := range documents {
		if err := keep(d.path, d.path+o.Suffix); err != nil {
			return errors.Join(err, o.removeKept(documents[:i]))
		}
	}
	return nil
}

// removeKept removes the second names of documents that stay as they are.
func (o Options) removeKept(documents []document) error {
	var failed error
	for _, d := range documents {
		failed = errors.Join(failed, os.Remove(d.path+o.Suffix))
	}
	return failed
}

// keep gives a file a second name, which must be free.
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
