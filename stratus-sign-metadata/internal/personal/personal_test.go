package personal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/peers"
)

// run runs one action in this process, with the passphrase in the environment.
func run(ctx context.Context, t *testing.T, passphrase string, action func(*command.Call) error, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("STRATUSLAB_P12_PASSWORD", passphrase)
	var stdout, stderr bytes.Buffer
	program := &command.Program{Name: "sign", Flags: credential.Flags(), Settings: credential.Settings(), Action: action}
	code = command.Run(ctx, program, args, command.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

func options(path string) Options {
	return Options{Path: path, Email: "jane@example.org", Name: "Zoë Tester", Organization: "Foo, Inc.", Country: "fr", Days: 365, Key: p256}
}

func openssl(t *testing.T, args ...string) string {
	t.Helper()
	peers.Need(t, "openssl")
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %q: %v: %s", args, err, out)
	}
	return string(out)
}

func TestMake(t *testing.T) {
	peers.Need(t, "openssl")
	now := time.Now().Truncate(time.Second)
	for key, kind := range map[string]string{p256: "NIST CURVE: P-256", rsa3072: "Public-Key: (3072 bit)"} {
		t.Run(key, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "me.p12")
			o := options(path)
			o.Key = key
			code, out, errs := run(t.Context(), t, "correct horse", func(c *command.Call) error { return Make(c, o, now) })
			if code != 0 || !strings.Contains(errs, `sign: made "`+path+`", valid until `+now.AddDate(0, 0, 365).UTC().Format(time.RFC3339)+"\n") {
				t.Fatalf("got exit code %d and the messages %s", code, errs)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("%v: %v, want mode 0600", err, info.Mode())
			}
			wantOnly(t, dir, "me.p12", "me.pem")

			about := openssl(t, "pkcs12", "-info", "-nokeys", "-in", path, "-passin", "pass:correct horse")
			for _, part := range []string{"MAC: sha256, Iteration 100000", "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256"} {
				if !strings.Contains(about, part) {
					t.Errorf("want %q in: %s", part, about)
				}
			}
			pem := filepath.Join(t.TempDir(), "me.pem")
			openssl(t, "pkcs12", "-nokeys", "-in", path, "-passin", "pass:correct horse", "-out", pem)
			text := openssl(t, "x509", "-in", pem, "-noout", "-text", "-nameopt", "RFC2253,-esc_msb")
			for _, part := range []string{
				kind, "Subject: CN=Zoë Tester,O=Foo\\, Inc.,C=FR", "Issuer: CN=Zoë Tester,O=Foo\\, Inc.,C=FR",
				"email:jane@example.org", "CA:FALSE", "Digital Signature, Non Repudiation", "E-mail Protection, TLS Web Client Authentication",
				"Not Before: " + now.UTC().Format("Jan _2 15:04:05 2006 MST")[:20], "Version: 3",
			} {
				if !strings.Contains(text, part) {
					t.Errorf("want %q in: %s", part, text)
				}
			}
			fingerprint := openssl(t, "x509", "-in", pem, "-noout", "-fingerprint", "-sha256")
			if _, want, _ := strings.Cut(fingerprint, "="); out != want {
				t.Errorf("standard output is %q, want %q", out, want)
			}
			openssl(t, "verify", "-CAfile", pem, "-purpose", "smimesign", pem)

			var identity *credential.Identity
			if code, _, errs := run(t.Context(), t, "correct horse", func(c *command.Call) (err error) {
				source, err := credential.Prepare(c)
				if err == nil {
					identity, err = source.Load(now)
				}
				return err
			}, "--p12-cert", path); code != 0 || errs != "" {
				t.Fatalf("loading it ends with %d: %s", code, errs)
			}
			if got := identity.Certificate.EmailAddresses; !cmp.Equal(got, []string{"jane@example.org"}) || len(identity.Chain) > 0 {
				t.Errorf("the addresses are %q, the chain is %v", got, identity.Chain)
			}
		})
	}
}

func wantOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no address", func(o *Options) { o.Email = "" }, "needs the owner's address"},
		{"a bad address", func(o *Options) { o.Email = "Jane <jane@example.org>" }, "an address is expected"},
		{"a long address", func(o *Options) { o.Email = strings.Repeat("j", 250) + "@a.b" }, ""},
		{"a longer address", func(o *Options) { o.Email = strings.Repeat("j", 251) + "@a.b" }, "an address is expected"},
		{"no name", func(o *Options) { o.Name = "" }, "--name 'Jane Tester'"},
		{"a line break in the name", func(o *Options) { o.Name = "a\nb" }, "cannot stand in a document"},
		{"a C1 control", func(o *Options) { o.Name = "a\u0085b" }, "cannot stand in a document"},
		{"not UTF-8", func(o *Options) { o.Name = "Zo\xeb" }, "cannot stand in a document"},
		{"blank", func(o *Options) { o.Name = " " }, "white space"},
		{"64 characters", func(o *Options) { o.Name = strings.Repeat("ë", 64) }, ""},
		{"65 characters", func(o *Options) { o.Name = strings.Repeat("e", 65) }, "65 characters, at most 64"},
		{"a bad organization", func(o *Options) { o.Organization = "\x00" }, "--organization="},
		{"no organization, no country", func(o *Options) { o.Organization, o.Country = "", "" }, ""},
		{"a long country", func(o *Options) { o.Country = "FRA" }, "two letters are expected"},
		{"no letters", func(o *Options) { o.Country = "33" }, "two letters are expected"},
		{"no days", func(o *Options) { o.Days = 0 }, "--days=0: 1 to 3650 is expected"},
		{"all days", func(o *Options) { o.Days = 3650 }, ""},
		{"more days", func(o *Options) { o.Days = 3651 }, "--days=3651"},
		{"a key", func(o *Options) { o.Key = "rsa2048" }, `--key="rsa2048": rsa3072 or p256`},
		{"standard output", func(o *Options) { o.Path = "-" }, "the name of a file"},
		{"no file", func(o *Options) { o.Path = "" }, "the name of a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			o := options(filepath.Join(dir, "me.p12"))
			tt.change(&o)
			code, out, errs := run(t.Context(), t, "x", func(c *command.Call) error { return Make(c, o, time.Now()) })
			if tt.want == "" {
				if code != 0 {
					t.Errorf("got exit code %d: %s", code, errs)
				}
				return
			}
			if code != command.ExitUsage || out != "" || !strings.Contains(errs, tt.want) {
				t.Errorf("got exit code %d, %q and the messages %s, want %q", code, out, errs, tt.want)
			}
			wantOnly(t, dir)
		})
	}
}

func TestNothingIsReplaced(t *testing.T) {
	for name, occupy := range map[string]func(string) error{
		"a file":          func(path string) error { return os.WriteFile(path, []byte("a key"), 0o600) },
		"a directory":     func(path string) error { return os.Mkdir(path, 0o700) },
		"a dangling link": func(path string) error { return os.Symlink("nowhere", path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "me.p12")
			if err := occupy(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			asked := filepath.Join(t.TempDir(), "asked")
			t.Setenv("ASKED", asked)
			code, _, errs := run(t.Context(), t, "x", func(c *command.Call) error {
				if err := os.Unsetenv("STRATUSLAB_P12_PASSWORD"); err != nil {
					return err
				}
				return Make(c, options(path), time.Now())
			}, "--passphrase-command", `echo x | tee "$ASKED"`)
			if code != command.ExitUsage || !strings.Contains(errs, "the file exists, and a key is never replaced") || strings.Contains(errs, "--force") {
				t.Errorf("got exit code %d and the messages %s", code, errs)
			}
			if after, err := os.Lstat(path); err != nil || after.ModTime() != before.ModTime() || after.Mode() != before.Mode() {
				t.Errorf("it has become %v (%v)", after, err)
			}
			if _, err := os.Stat(asked); err == nil {
				t.Error("the passphrase was asked for in vain")
			}
			wantOnly(t, dir, "me.p12")
		})
	}
}

// The name can be taken while the passphrase is being asked for.
func TestNameTakenMeanwhile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "me.p12")
	t.Setenv("TAKEN", path)
	code, _, errs := run(t.Context(), t, "x", func(c *command.Call) error {
		if err := os.Unsetenv("STRATUSLAB_P12_PASSWORD"); err != nil {
			return err
		}
		return Make(c, options(path), time.Now())
	}, "--passphrase-command", `echo theirs >"$TAKEN"; echo x`)
	if code != command.ExitUsage || !strings.Contains(errs, "a key is never replaced") || strings.Contains(errs, "--force") {
		t.Errorf("got exit code %d and the messages %s", code, errs)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "theirs\n" {
		t.Errorf("the file holds %q (%v)", data, err)
	}
	wantOnly(t, dir, "me.p12")
}

func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "me.p12")
	interrupted, interrupt := context.WithCancelCause(t.Context())
	interrupt(errors.New("enough"))
	for name, ctx := range map[string]context.Context{"interrupted": interrupted, "no passphrase": t.Context()} {
		args := []string{"--passphrase-file", "/nonexistent/file"}
		if code, out, _ := run(ctx, t, "x", func(c *command.Call) error { return Make(c, options(path), time.Now()) }, args...); code == 0 || out != "" {
			t.Errorf("%s: got exit code %d and %q", name, code, out)
		}
		wantOnly(t, dir)
	}
	missing := filepath.Join(dir, "no directory", "me.p12")
	code, _, errs := run(t.Context(), t, "x", func(c *command.Call) error { return Make(c, options(missing), time.Now()) })
	if code != command.ExitFailed || !strings.Contains(errs, `mkdir -m 700 -p "`+filepath.Dir(missing)+`"`) {
		t.Errorf("got exit code %d and the messages %s", code, errs)
	}
}

func TestEmptyPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "me.p12")
	code, _, errs := run(t.Context(), t, "", func(c *command.Call) error { return Make(c, options(path), time.Now()) })
	if code != 0 || !strings.Contains(errs, "sign: warning: the passphrase is empty") {
		t.Errorf("got exit code %d and the messages %s", code, errs)
	}
}
