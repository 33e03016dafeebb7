package credential

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/command"
)

// descriptor opens a file as a caller does who hands it down.
func descriptor(t *testing.T, text string) string {
	t.Helper()
	fd, err := unix.Open(write(t, []byte(text), 0o600), unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(fd) // its reader closes it
}

func TestPassphrase(t *testing.T) {
	file := func(text string) string { return write(t, []byte(text), 0o600) }
	own, err := os.Open(file("mine"))
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	const variable, configured = "variable", "p12_password = 50%%; `x\"\n"
	tests := []struct {
		name     string
		args     []string
		env      *string
		config   string
		mode     os.FileMode // of the configuration
		want     string
		code     int
		messages []string
	}{
		{
			name: "file",
			args: []string{
				"--passphrase-file", file("the file\nmore\n"), "--p12-password", "no", "--passphrase-command", "false",
			},
			env: ptr(variable), want: "the file",
		},
		{name: "a file without a line end", args: []string{"--passphrase-file", file("the file")}, want: "the file"},
		{name: "a file of Windows", args: []string{"--passphrase-file", file("the file\r\n")}, want: "the file"},
		{name: "spaces count", args: []string{"--passphrase-file", file(" the\tfile \n")}, want: " the\tfile "},
		{name: "an empty line", args: []string{"--passphrase-file", file("\n")}, want: ""},
		{
			name: "descriptor",
			args: []string{"--passphrase-fd", descriptor(t, "the descriptor\n"), "--passphrase-command", "false"},
			env:  ptr(variable), want: "the descriptor",
		},
		{
			name: "command line", args: []string{"--p12-password", "the line"}, env: ptr(variable), want: "the line",
			messages: []string{
				"warning: --p12-password: any user of this machine can see the passphrase with ps; --passphrase-file",
			},
		},
		{
			name: "variable", args: []string{"--passphrase-command", "false"}, env: ptr(variable), config: configured,
			want: variable,
		},
		{name: "an empty variable is a passphrase", env: ptr(""), config: configured, want: ""},
		{
			name: "configuration", args: []string{"--passphrase-command", "false"}, config: configured,
			want: "50%; `x\"",
		},
		{
			name: "blank in the configuration", args: []string{"--passphrase-command", "echo command"},
			config: "p12_password =\n", want: "command",
		},
		{
			name: "command", args: []string{"--passphrase-command", "echo to see >&2; printf 'the command\nuser: me\n'"},
			want: "the command", messages: []string{"to see\n"},
		},
		{name: "the command has no input", args: []string{"--passphrase-command", "cat; echo end"}, want: "end"},
		{
			name: "a long one", args: []string{"--passphrase-file", file(strings.Repeat("x", 4095))},
			want: strings.Repeat("x", 4095),
		},

		{
			name: "an empty file", args: []string{"--passphrase-file", file("")}, code: 4,
			messages: []string{"not even an empty line"},
		},
		{
			name: "too long", args: []string{"--passphrase-file", file(strings.Repeat("x", 4097))}, code: 4,
			messages: []string{"longer than 4096 bytes"},
		},
		{
			name: "no file", args: []string{"--passphrase-file", "/nonexistent/file"}, code: 4,
			messages: []string{`reading the passphrase: reading "/nonexistent/file": no such file`},
		},
		{
			name: "standard input", args: []string{"--passphrase-file", "-"}, code: 2,
			messages: []string{"standard input is for documents", "--passphrase-fd 3 3<FILE"},
		},
		{
			name: "the descriptor of standard input", args: []string{"--passphrase-fd", "0"}, code: 2,
			messages: []string{"reading --passphrase-fd 0: not a valid descriptor, want 3 or more", "3<FILE"},
		},
		{
			name: "a closed descriptor", args: []string{"--passphrase-fd", "999"}, code: 2,
			messages: []string{"reading --passphrase-fd 999: it is not open"},
		},
		{
			name: "a descriptor of the program's own", args: []string{"--passphrase-fd", strconv.Itoa(int(own.Fd()))},
			code: 2, messages: []string{"it is not open"},
		},
		{name: "no number", args: []string{"--passphrase-fd", "three"}, code: 2, messages: []string{"three"}},
		{
			name: "a configuration that others can read", config: configured, mode: 0o640, code: 4,
			messages: []string{"its mode is 0640", `hint: chmod 600 "/`},
		},
		{
			name: "a command that fails", args: []string{"--passphrase-command", "echo the secret; exit 3"}, code: 4,
			messages: []string{`running the passphrase command "echo the secret; exit 3": exit status 3`},
		},
		{
			name: "a command that says nothing", args: []string{"--passphrase-command", "true"}, code: 4,
			messages: []string{"not even an empty line"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := tt.args
			if tt.config != "" {
				path := file("[default]\n" + tt.config)
				if err := os.Chmod(path, max(tt.mode, 0o600)); err != nil {
					t.Fatal(err)
				}
				args = append([]string{"--config", path}, args...)
			}
			t.Setenv("HOME", t.TempDir())
			if tt.env != nil {
				t.Setenv(passphraseVariable, *tt.env)
			}
			got, o := newPassphrase(t.Context(), args...)
			if got != tt.want || o.Code != tt.code {
				t.Errorf("got %q and exit code %d, want %q and %d: %s", got, o.Code, tt.want, tt.code, o.Err)
			}
			for _, m := range tt.messages {
				if !strings.Contains(o.Err, m) {
					t.Errorf("want %q in the messages: %s", m, o.Err)
				}
			}
			if _, set := os.LookupEnv(passphraseVariable); set {
				t.Errorf("%s is still set", passphraseVariable)
			}
		})
	}
}

func ptr(s string) *string { return &s }

// newPassphrase runs NewPassphrase in this process.
func newPassphrase(ctx context.Context, args ...string) (string, outcome) {
	var passphrase string
	var errs bytes.Buffer
	code := command.Run(ctx, program(func(c *command.Call) (err error) {
		passphrase, err = choosePassphrase(c)
		return err
	}), args, command.Streams{In: strings.NewReader(""), Out: &errs, Err: &errs})
	return passphrase, outcome{Code: code, Err: errs.String()}
}

// The command sees neither the variable nor a way to dump this process.
func TestCommandEnvironment(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv(passphraseVariable, "secret")
	got, o := newPassphrase(t.Context(), "--passphrase-file", write(t, []byte("one\n"), 0o600))
	if got != "one" || o.Code != 0 {
		t.Fatalf("got %q, %+v", got, o)
	}
	got, o = newPassphrase(t.Context(), "--passphrase-command", `echo "${STRATUSLAB_P12_PASSWORD-unset}, $(ulimit -c)"`)
	if got != "unset, 0" || o.Code != 0 {
		t.Errorf("got %q, %+v", got, o)
	}
}

// Whatever the passphrase has to be waited for, the end of the context ends
// the wait.
func TestPassphraseInterrupted(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	fd, err := unix.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--passphrase-file", fifo},
		{"--passphrase-fd", strconv.Itoa(fd)},
		{"--passphrase-command", "echo started >&2; exec cat " + fifo},
	} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("enough"))
		begin := time.Now()
		_, o := newPassphrase(ctx, args...)
		cancel()
		if took := time.Since(begin); !strings.HasSuffix(o.Err, "sign: enough\n") || took > 10*time.Second {
			t.Errorf("%q: %+v after %v", args, o, took)
		}
	}
}
