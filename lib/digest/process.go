package digest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/stratuslab/stratus/lib/files"
)

// xzProgramDict is the largest dictionary the xz program may use, that of
// xz -9; the memory is that of its process.
const xzProgramDict = 64 << 20

// stderrLimit is how much of what a program says is kept.
const stderrLimit = 1000

// process is a program that decompresses its standard input.
type process struct {
	cmd    *exec.Cmd
	src    *ahead
	stdout io.ReadCloser
	stderr files.Head
	fed    chan struct{} // closed when src is no longer read
	waited bool
}

// startXz runs the xz program: the decoders in Go take twice the time and give
// a stream as much memory as it asks for. One thread, as more of them take
// memory by the size of the blocks.
func startXz(ctx context.Context, src *ahead) (*process, error) {
	program, err := exec.LookPath("xz")
	if err != nil {
		return nil, fmt.Errorf("reading xz data takes the xz program (Debian package xz-utils): %w", err)
	}
	return start(ctx, src, program, "--decompress", "--stdout", "--format=xz", "--threads=1",
		fmt.Sprintf("--memlimit-decompress=%dMiB", xzProgramDict>>20+2))
}

func start(ctx context.Context, src *ahead, program string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, program, args...), src: src, stderr: files.Head{Limit: stderrLimit}, fed: make(chan struct{})}
	p.cmd.Env = plainEnv(os.Environ())
	p.cmd.Stderr = &p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("running %s: %w", program, err)
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		return nil, fmt.Errorf("running %s: %w", program, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("running %s: %w", program, err)
	}
	go func() {
		defer close(p.fed)
		_, _ = io.Copy(stdin, src) // src keeps its error; a broken pipe shows in the exit status
		_ = stdin.Close()
	}()
	return p, nil
}

// plainEnv drops what changes the options of xz or the language of its messages.
func plainEnv(env []string) []string {
	var plain []string
	for _, v := range env {
		if !strings.HasPrefix(v, "XZ_") {
			plain = append(plain, v)
		}
	}
	return append(plain, "LC_ALL=C")
}

// Read reads the output of the program. Its end is io.EOF only when the
// program ended well.
func (p *process) Read(b []byte) (int, error) {
	n, err := p.stdout.Read(b)
	if err == io.EOF && !p.waited {
		if waitErr := p.wait(); waitErr != nil {
			return n, waitErr
		}
	}
	return n, err
}

// Close ends the program, where it has not ended, and reaps it.
func (p *process) Close() error {
	if p.waited {
		return nil
	}
	_ = p.cmd.Process.Kill() // fails only where it has ended
	_ = p.wait()             // it was told to
	return nil
}

// wait reaps the program and says how it ended.
func (p *process) wait() error {
	p.waited = true
	err := p.cmd.Wait()
	p.src.stop() // it may be blocked, and nobody is left to feed
	<-p.fed
	if err == nil {
		return nil
	}
	var exit *exec.ExitError
	refused := errors.As(err, &exit) && (exit.ExitCode() == 1 || exit.ExitCode() == 2)
	return &processError{program: p.cmd.Path, err: err, stderr: strings.TrimSpace(string(p.stderr.Bytes())), refused: refused}
}

// processError is how a program ended.
type processError struct {
	program string
	err     error
	stderr  string
	refused bool // it said itself that the data is bad
}

func (e *processError) Error() string {
	text := fmt.Sprintf("%s: %v", e.program, e.err)
	if e.stderr != "" {
		text += fmt.Sprintf(": %q", e.stderr)
	}
	if strings.Contains(e.stderr, "Memory usage limit") {
		text += fmt.Sprintf(": the limit is a dictionary of %d MiB; recompress with xz -6, or pipe in what xz -dc writes", xzProgramDict>>20)
	}
	return text
}

func (e *processError) Unwrap() error {
	return e.err
}
