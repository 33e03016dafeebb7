package guest

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// Stream runs a shell command as root and writes what it prints on standard
// output to w as it comes. w must take all of it, or end the context. It ends when Output would.
func (g *Guest) Stream(ctx context.Context, label, command string, w io.Writer) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var problems bytes.Buffer
	err := g.session(ctx, label, command, w, &limitedWriter{&problems, maxOutput})
	if err != nil && problems.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(problems.Bytes()))
	}
	return err
}
