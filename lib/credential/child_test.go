package credential

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/peers"
)

// childActions are what the test binary does as a command.
var childActions = map[string]func(*command.Call) error{
	"load": func(c *command.Call) error {
		identity, err := load(c, time.Now())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.Out, describe(identity))
		return err
	},
	"new": func(c *command.Call) error {
		passphrase, err := choosePassphrase(c)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.Out, "%q\n", passphrase)
		return err
	},
	"memory": func(c *command.Call) error {
		if _, err := load(c, time.Now()); err != nil {
			return err
		}
		dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		if err != nil {
			return err
		}
		var cores unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_CORE, &cores); err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.Out, dumpable, cores.Cur, cores.Max)
		return err
	},
}

// child is a process with a terminal of its own.
type child struct {
	t             *testing.T
	cmd           *exec.Cmd
	master, slave *os.File
	shown         []byte // on the terminal
	read          int    // how much of it expect has passed
	out, errs     bytes.Buffer
}

// startShell starts a shell command on the terminal.
func startShell(t *testing.T, script string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.CommandContext(t.Context(), "sh", "-c", script)}
	return c.start()
}

// startChild starts the test binary as a command: the terminal is there, but
// the standard streams are others.
func startChild(t *testing.T, action string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	c.cmd.Env = append(os.Environ(), childVariable+"="+action, "GORACE=atexit_sleep_ms=0", "HOME="+t.TempDir())
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.errs
	return c.start()
}

func (c *child) start() *child {
	c.t.Helper()
	c.master, c.slave = peers.Terminal(c.t)
	if c.cmd.Stdout == nil {
		c.cmd.Stdout, c.cmd.Stderr = c.slave, c.slave
	}
	c.cmd.ExtraFiles = []*os.File{c.slave}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// expect reads what the terminal shows until the text is there.
func (c *child) expect(text string) {
	c.t.Helper()
	if err := c.master.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		c.t.Fatal(err)
	}
	buffer := make([]byte, 1<<10)
	for {
		if i := bytes.Index(c.shown[c.read:], []byte(text)); i >= 0 {
			c.read += i + len(text)
			return
		}
		n, err := c.master.Read(buffer)
		if err != nil {
			c.t.Fatalf("waiting for %q: %v, and the terminal shows %q; messages: %s", text, err, c.shown, c.errs.String())
		}
		c.shown = append(c.shown, buffer[:n]...)
	}
}

func (c *child) send(text string) {
	c.t.Helper()
	if _, err := c.master.WriteString(text); err != nil {
		c.t.Fatal(err)
	}
}

// wait returns the exit code of the process.
func (c *child) wait() int {
	c.t.Helper()
	var exit *exec.ExitError
	if err := c.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return c.cmd.ProcessState.ExitCode()
}

// echoes reports whether the terminal shows what is typed.
func (c *child) echoes() bool {
	c.t.Helper()
	state, err := unix.IoctlGetTermios(int(c.slave.Fd()), unix.TCGETS)
	if err != nil {
		c.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}
