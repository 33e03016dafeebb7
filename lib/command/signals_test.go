package command

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/files"
)

// childActions are what the test binary does as a child process.
var childActions = map[string]func(*Call) error{
	"patient": func(c *Call) error {
		p, err := files.CreatePending(c.Args().First(), false)
		if err != nil {
			return err
		}
		defer p.Discard()
		_, _ = io.WriteString(c.Out, "ready\n")
		<-c.Ctx.Done()
		return c.Ctx.Err()
	},
	"stubborn": func(c *Call) error {
		_, _ = io.WriteString(c.Out, "ready\n")
		select {}
	},
	"reader": func(c *Call) error {
		r, _, err := c.Open("-", "data")
		if err != nil {
			return err
		}
		_, _ = io.WriteString(c.Out, "ready\n")
		_, err = io.Copy(io.Discard, r)
		return err
	},
	"attended": func(c *Call) error {
		seen := make(chan os.Signal, 1)
		signal.Notify(seen, syscall.SIGINT)
		resume := LeaveInterrupts(c.Ctx)
		_, _ = io.WriteString(c.Out, "ready\n")
		<-seen
		signal.Stop(seen) // waits until everyone has the signal
		resume()
		_, _ = io.WriteString(c.Out, "resumed\n")
		<-c.Ctx.Done()
		return c.Ctx.Err()
	},
	"writer": func(c *Call) error {
		p, err := files.CreatePending(c.Args().First(), false)
		if err != nil {
			return err
		}
		defer p.Discard()
		for {
			if _, err := io.WriteString(c.Out, "ready\n"); err != nil {
				return err
			}
		}
	},
}

// child is a started process that has said "ready".
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *bufio.Reader
	closer io.Closer // the end of the pipe behind stdout
	stderr *bufio.Reader
}

func startChild(t *testing.T, action string, args ...string) *child {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+action, "GORACE=atexit_sleep_ms=0")
	_, err1 := cmd.StdinPipe() // open and silent until the end
	stdout, err2 := cmd.StdoutPipe()
	stderr, err3 := cmd.StderrPipe()
	if err := errors.Join(err1, err2, err3, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, stdout: bufio.NewReader(stdout), closer: stdout, stderr: bufio.NewReader(stderr)}
	c.expect(c.stdout, "ready\n")
	return c
}

func (c *child) expect(r *bufio.Reader, want string) {
	c.t.Helper()
	if got, err := r.ReadString('\n'); err != nil || got != want {
		c.t.Fatalf("child says %q (%v), want %q", got, err, want)
	}
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// wait gives the rest of stderr and how the process ended.
func (c *child) wait() (string, syscall.WaitStatus) {
	c.t.Helper()
	rest, err := io.ReadAll(c.stderr)
	if err != nil {
		c.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := c.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return string(rest), c.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s was left behind", e.Name())
	}
}

func TestFirstSignalCleansUp(t *testing.T) {
	tests := []struct {
		signal syscall.Signal
		word   string
		want   int
	}{
		{syscall.SIGINT, "interrupted", 130},
		{syscall.SIGTERM, "terminated", 143},
	}
	for _, tt := range tests {
		for _, action := range []string{"patient", "reader"} {
			t.Run(tt.word+" "+action, func(t *testing.T) {
				dir := t.TempDir()
				c := startChild(t, action, filepath.Join(dir, "product"))
				c.signal(tt.signal)
				c.expect(c.stderr, "child: "+tt.word+": cleaning up (once more to stop at once)\n")
				rest, status := c.wait()
				if !status.Exited() || status.ExitStatus() != tt.want || rest != "child: "+tt.word+"\n" {
					t.Errorf("got %v and %q, want exit %d and the word %q", status, rest, tt.want, tt.word)
				}
				wantEmpty(t, dir)
			})
		}
	}
}

func TestSecondSignalKills(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			c := startChild(t, "stubborn")
			c.signal(signal)
			if line, err := c.stderr.ReadString('\n'); err != nil || !strings.Contains(line, "once more to stop at once") {
				t.Fatalf("child says %q (%v)", line, err)
			}
			c.signal(signal)
			if rest, status := c.wait(); !status.Signaled() || status.Signal() != signal || rest != "" {
				t.Errorf("got status %#x and %q, want death by %v in silence", status, rest, signal)
			}
		})
	}
}

func TestLeaveInterrupts(t *testing.T) {
	c := startChild(t, "attended")
	c.signal(syscall.SIGINT)
	c.expect(c.stdout, "resumed\n")
	c.signal(syscall.SIGINT)
	c.expect(c.stderr, "child: interrupted: cleaning up (once more to stop at once)\n")
	if rest, status := c.wait(); !status.Exited() || status.ExitStatus() != 130 {
		t.Errorf("got %v and %q, want exit 130", status, rest)
	}
}

func TestLostReaderIsAnError(t *testing.T) {
	dir := t.TempDir()
	c := startChild(t, "writer", filepath.Join(dir, "product"))
	if err := c.closer.Close(); err != nil {
		t.Fatal(err)
	}
	rest, status := c.wait()
	if !status.Exited() || status.ExitStatus() != ExitFailed || !strings.Contains(rest, "broken pipe") {
		t.Errorf("got %v and %q, want exit 1 and a broken pipe", status, rest)
	}
	wantEmpty(t, dir)
}
