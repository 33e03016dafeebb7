package save

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"syscall"

	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"

	"github.com/stratuslab/stratus/lib/compress"
)

// newCompressor compresses what is written to it. Close finishes the stream
// but does not close w. xz and bzip2 have no fast writers in Go: their own
// programs do it.
func newCompressor(ctx context.Context, kind compress.Kind, w io.Writer) (io.WriteCloser, error) {
	switch kind {
	case compress.Gzip:
		return pgzip.NewWriter(w), nil
	case compress.Zstd:
		return zstd.NewWriter(w)
	case compress.Xz:
		return startProgram(ctx, w, "xz", "--compress", "--stdout", "--threads=0")
	case compress.Bzip2:
		return startProgram(ctx, w, bzip2Program(), "--compress", "--stdout")
	}
	return nil, fmt.Errorf("compressing: no writer for %q", kind)
}

// program is a compressor in a process of its own.
type program struct {
	io.WriteCloser
	cmd  *exec.Cmd
	says bytes.Buffer
}

func startProgram(ctx context.Context, w io.Writer, name string, args ...string) (*program, error) {
	p := &program{cmd: exec.CommandContext(ctx, name, args...)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = w, &p.says
	var err error
	if p.WriteCloser, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// Close ends the input and waits for the program.
func (p *program) Close() error {
	closed := p.WriteCloser.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("running %s: %w: %s", p.cmd.Args[0], err, bytes.TrimSpace(p.says.Bytes()))
	}
	return closed
}
