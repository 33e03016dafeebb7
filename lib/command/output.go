package command

import (
	"fmt"
	"os"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// CheckOverwrite refuses an output that is one of the inputs. Each is a path, or "-"
// for a standard stream; "" is standard output, and no input.
func (c *Call) CheckOverwrite(output string, inputs ...string) error {
	to, ok := regular(output, c.Out)
	for _, input := range inputs {
		if from, isFile := regular(input, c.In); ok && isFile && input != "" && os.SameFile(from, to) {
			return report.WithHint(report.Usagef("reading and writing the same file, %q", to.Name()), "write to another file")
		}
	}
	return nil
}

// InputSize returns the size in bytes of a regular file, named as for Open, and 0 for
// any other input.
func (c *Call) InputSize(name string) int64 {
	if info, ok := regular(name, c.In); ok {
		return info.Size()
	}
	return 0
}

// regular returns what is known of the named file, or of the stream that "" and
// "-" stand for, if it is a regular file.
func regular(name string, stream any) (os.FileInfo, bool) {
	var info os.FileInfo
	var err error
	if name != "" && name != "-" {
		info, err = os.Stat(name)
	} else if f, ok := stream.(*os.File); ok {
		info, err = f.Stat()
	}
	return info, err == nil && info != nil && info.Mode().IsRegular()
}

// WriteProduct writes a small product, such as a document, whole or not at
// all: to standard output for "" and "-", else to the named file, which is
// replaced in one step. Through a symbolic link its target is replaced; what
// is no regular file (a pipe, /dev/null) is written to as it is.
func (c *Call) WriteProduct(name string, data []byte) error {
	if name == "" || name == "-" {
		if _, err := c.Out.Write(data); err != nil {
			return fmt.Errorf("writing to standard output: %w", err)
		}
		return nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return c.writeSpecial(name, data)
	}
	p, err := files.CreatePending(name, true)
	if err != nil {
		return err
	}
	defer p.Discard()
	if _, err := p.File.Write(data); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return p.Commit()
}

// writeSpecial writes to a pipe or a device, which may take until somebody
// reads.
func (c *Call) writeSpecial(name string, data []byte) error {
	_, err := files.Await(c.Ctx, func() (struct{}, error) { return struct{}{}, os.WriteFile(name, data, 0) })
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, files.WithoutName(err))
	}
	return nil
}
