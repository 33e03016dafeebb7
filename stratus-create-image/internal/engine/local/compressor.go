package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"syscall"

	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// newCompressor returns a writer that compresses to w. Close finishes the stream
// but does not close w. There are no fast writers of xz and bzip2 in Go: their own
// programs compress.
func newCompressor(ctx context.Context, kind diskimage.Compression, w io.Writer) (io.WriteCloser, error) {
	switch kind {
	case diskimage.Gzip:
		return pgzip.NewWriter(w), nil
	case diskimage.Zstd:
		return zstd.NewWriter(w)
	case diskimage.Xz:
		return startProgram(ctx, w, "xz", "--compress", "--stdout", "--threads=0")
	case diskimage.Bzip2:
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

// savePrograms returns the names of the programs that this package runs to write the
// target, which may be nil.
func savePrograms(target *engine.Target) []string {
	switch {
	case target == nil:
	case target.Compression == diskimage.Xz:
		return []string{imgProgram, "xz"}
	case target.Compression == diskimage.Bzip2:
		return []string{imgProgram, bzip2Program()}
	}
	return []string{imgProgram}
}

// bzip2Program returns the name of the fastest bzip2 on this host.
func bzip2Program() string {
	for _, name := range []string{"lbzip2", "pbzip2"} {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return "bzip2"
}
