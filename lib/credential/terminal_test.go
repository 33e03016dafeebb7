package credential

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
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

// wait gives the exit code of the process.
func (c *child) wait() int {
	c.t.Helper()
	var exit *exec.ExitError
	if err := c.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return c.cmd.ProcessState.ExitCode()
}

// echoes tells whether the terminal shows what is typed.
func (c *child) echoes() bool {
	c.t.Helper()
	state, err := unix.IoctlGetTermios(int(c.slave.Fd()), unix.TCGETS)
	if err != nil {
		c.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestTerminal(t *testing.T) {
	p12 := export(t, "rsa", "correct horse")
	key := write(t, nil, 0o600)
	openssl(t, "pkcs8", "-topk8", "-in", "rsa.key", "-out", key, "-passout", "pass:correct horse")
	prompt := fmt.Sprintf("Passphrase for %q: ", p12)
	tests := []struct {
		name    string
		action  string
		args    []string
		prompts []string
		typed   []string
		code    int
		out     string
		message string
	}{
		{"right", "load", []string{"--p12-cert", p12}, []string{prompt}, []string{"correct horse"}, 0, "rsa\n", ""},
		{"right for PEM", "load", []string{"--pem-cert", fixture(t, "rsa.pem"), "--pem-key", key},
			[]string{"Passphrase for "}, []string{"correct horse"}, 0, "rsa\n", ""},
		{"right at last", "load", []string{"--p12-cert", p12}, []string{prompt, prompt, prompt}, []string{"no horse", "", "correct horse"},
			0, "rsa\n", "sign: warning: the passphrase is wrong\nsign: warning: the passphrase is wrong\n"},
		{"always wrong", "load", []string{"--p12-cert", p12}, []string{prompt, prompt, prompt}, []string{"first horse", "second horse", "third horse"},
			4, "", "the passphrase is wrong, 3 times\n"},
		{"a closed terminal", "load", []string{"--p12-cert", p12}, []string{prompt}, []string{"\x04"}, 4, "", "the terminal is at its end"},
		{"new", "new", nil, []string{"New passphrase: ", "The same once more: "}, []string{"new one", "new one"}, 0, "\"new one\"\n", ""},
		{"new, mistyped", "new", nil, []string{"New passphrase: ", "The same once more: "}, []string{"new one", "new two"}, 4, "",
			"the two are not the same"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := startChild(t, tt.action, tt.args...)
			for i, typed := range tt.typed {
				c.expect(tt.prompts[i])
				c.send(typed + "\n")
			}
			c.expect("\r\n")
			if code := c.wait(); code != tt.code || c.out.String() != tt.out || !strings.Contains(c.errs.String(), tt.message) {
				t.Errorf("got exit code %d, %q and the messages %q", code, c.out.String(), c.errs.String())
			}
			if !c.echoes() {
				t.Error("the terminal is left without echo")
			}
			for _, typed := range tt.typed {
				if shown := string(c.shown) + c.errs.String(); typed != "" && strings.Contains(shown, typed) {
					t.Errorf("%q is shown: %q", typed, shown)
				}
			}
		})
	}
}

func TestTerminalInterrupted(t *testing.T) {
	c := startChild(t, "load", "--p12-cert", export(t, "rsa", "correct horse"))
	c.expect(": ")
	if c.echoes() {
		t.Error("the prompt is there while the terminal still echoes")
	}
	c.send("correct\x03")
	if code := c.wait(); code != 130 || c.out.Len() > 0 {
		t.Errorf("got exit code %d and %q, want 130", code, c.out.String())
	}
	if want := "sign: interrupted: cleaning up (once more to stop at once)\nsign: interrupted\n"; c.errs.String() != want {
		t.Errorf("messages: %q, want %q", c.errs.String(), want)
	}
	if !c.echoes() {
		t.Error("the terminal is left without echo")
	}
}

// Without a terminal there is nothing to wait for. A file that opens without a
// passphrase needs none.
func TestNoTerminal(t *testing.T) {
	run := func(action string, args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		cmd.Env = append(os.Environ(), childVariable+"="+action, "GORACE=atexit_sleep_ms=0", "HOME="+t.TempDir())
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		stdin, err := cmd.StdinPipe() // open and silent: nothing may be read from it
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stdin.Close() }()
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), out.String(), errs.String()
	}
	for _, args := range [][]string{{"load", "--p12-cert", export(t, "rsa", "correct horse")}, {"new"}} {
		code, out, errs := run(args[0], args[1:]...)
		if code != 4 || out != "" || !strings.Contains(errs, "there is no terminal") ||
			!strings.Contains(errs, "asking for the passphrase: ") {
			t.Errorf("%s: got exit code %d, %q and the messages %q", args[0], code, out, errs)
		}
	}
	empty := export(t, "rsa", "")
	if code, out, errs := run("load", "--p12-cert", empty); code != 0 || out != "rsa\n" || errs != "" {
		t.Errorf("without a passphrase: got exit code %d, %q and the messages %q", code, out, errs)
	}
	if code, out, errs := run("memory", "--p12-cert", empty); code != 0 || out != "0 0 0\n" || errs != "" {
		t.Errorf("memory protection: got exit code %d, %q and the messages %q", code, out, errs)
	}
}
