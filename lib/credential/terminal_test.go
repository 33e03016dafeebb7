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
)

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
		{
			name: "right", action: "load", args: []string{"--p12-cert", p12}, prompts: []string{prompt},
			typed: []string{"correct horse"}, out: "rsa\n",
		},
		{
			name: "right for PEM", action: "load", args: []string{"--pem-cert", fixture(t, "rsa.pem"), "--pem-key", key},
			prompts: []string{"Passphrase for "}, typed: []string{"correct horse"}, out: "rsa\n",
		},
		{
			name: "right at last", action: "load", args: []string{"--p12-cert", p12},
			prompts: []string{prompt, prompt, prompt}, typed: []string{"no horse", "", "correct horse"}, out: "rsa\n",
			message: "sign: warning: the passphrase is wrong\nsign: warning: the passphrase is wrong\n",
		},
		{
			name: "always wrong", action: "load", args: []string{"--p12-cert", p12},
			prompts: []string{prompt, prompt, prompt}, typed: []string{"first horse", "second horse", "third horse"},
			code: 4, message: "the passphrase is wrong, 3 times\n",
		},
		{
			name: "a closed terminal", action: "load", args: []string{"--p12-cert", p12}, prompts: []string{prompt},
			typed: []string{"\x04"}, code: 4, message: "end of input at the terminal",
		},
		{
			name: "new", action: "new", prompts: []string{"New passphrase: ", "The same once more: "},
			typed: []string{"new one", "new one"}, out: "\"new one\"\n",
		},
		{
			name: "new, mistyped", action: "new", prompts: []string{"New passphrase: ", "The same once more: "},
			typed: []string{"new one", "new two"}, code: 4, message: "the two passphrases differ",
		},
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
