package command

import (
	"fmt"
	"os"

	"github.com/stratuslab/stratus/lib/files"
)

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
