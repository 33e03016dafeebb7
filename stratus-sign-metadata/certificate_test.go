package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/peers"
)

// newCertificate runs the command in this process.
func newCertificate(ctx context.Context, t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	var stdout, stderr bytes.Buffer
	code = command.Run(ctx, program(), args, command.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// setPassphrase sets the variable, which one run of the command takes away.
func setPassphrase(t *testing.T, passphrase string) {
	t.Helper()
	t.Setenv("STRATUSLAB_P12_PASSWORD", passphrase)
}

// certificateArgs make a certificate; what follows them wins.
func certificateArgs(path string, args ...string) []string {
	return append([]string{"--new-certificate", path, "--email", "jane@example.org", "--name", "Zoë Tester",
		"--organization", "Foo, Inc.", "--country", "fr", "--key", "p256"}, args...)
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
	t.Setenv("SOURCE_DATE_EPOCH", strconv.FormatInt(now.Unix(), 10))
	for key, kind := range map[string]string{"p256": "NIST CURVE: P-256", "rsa3072": "Public-Key: (3072 bit)"} {
		t.Run(key, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "me.p12")
			setPassphrase(t, "correct horse")
			code, out, errs := newCertificate(t.Context(), t, certificateArgs(path, "--key", key)...)
			until := now.AddDate(0, 0, 365).UTC().Format(time.RFC3339)
			if code != 0 || !strings.Contains(errs, `stratus-sign-metadata: made "`+path+`", valid until `+until+"\n") {
				t.Fatalf("got exit code %d and the messages %s", code, errs)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("%v: %v, want mode 0600", err, info.Mode())
			}
			wantOnly(t, dir, "me.p12", "me.pem")

			about := openssl(t, "pkcs12", "-info", "-nokeys", "-in", path, "-passin", "pass:correct horse")
			for _, part := range []string{
				"MAC: sha256, Iteration 100000", "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
			} {
				if !strings.Contains(about, part) {
					t.Errorf("want %q in: %s", part, about)
				}
			}
			pem := filepath.Join(t.TempDir(), "me.pem")
			openssl(t, "pkcs12", "-nokeys", "-in", path, "-passin", "pass:correct horse", "-out", pem)
			text := openssl(t, "x509", "-in", pem, "-noout", "-text", "-nameopt", "RFC2253,-esc_msb")
			for _, part := range []string{
				kind, "Subject: CN=Zoë Tester,O=Foo\\, Inc.,C=FR", "Issuer: CN=Zoë Tester,O=Foo\\, Inc.,C=FR",
				"email:jane@example.org", "CA:FALSE", "Digital Signature, Non Repudiation",
				"E-mail Protection, TLS Web Client Authentication",
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

			where := credential.Options{P12: path, From: "the test", Passphrase: func() (string, error) { return "correct horse", nil }}
			identity, err := credential.New(where, nil).Load(t.Context(), now)
			if err != nil {
				t.Fatalf("loading it: %v", err)
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

func TestCertificateUsage(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no address", []string{"--email", ""}, "needs the owner's address"},
		{"a bad address", []string{"--email", "Jane <jane@example.org>"}, "not a valid address"},
		{"a long address", []string{"--email", strings.Repeat("j", 250) + "@a.b"}, ""},
		{"a longer address", []string{"--email", strings.Repeat("j", 251) + "@a.b"}, "not a valid address"},
		{"no name", []string{"--name", ""}, "--name 'Jane Tester'"},
		{"a line break in the name", []string{"--name", "a\nb"}, "cannot stand in a document"},
		{"a C1 control", []string{"--name", "a\u0085b"}, "cannot stand in a document"},
		{"not UTF-8", []string{"--name", "Zo\xeb"}, "cannot stand in a document"},
		{"blank", []string{"--name", " "}, "white space"},
		{"64 characters", []string{"--name", strings.Repeat("ë", 64)}, ""},
		{"65 characters", []string{"--name", strings.Repeat("e", 65)}, "65 characters, at most 64"},
		{"a bad organization", []string{"--organization", "\x00"}, "reading --organization "},
		{"no organization, no country", []string{"--organization", "", "--country", ""}, ""},
		{"a long country", []string{"--country", "FRA"}, "want two letters"},
		{"no letters", []string{"--country", "33"}, "want two letters"},
		{"no days", []string{"--days", "0"}, `reading --days "0": not a valid number of days: want 1 to 3650`},
		{"all days", []string{"--days", "3650"}, ""},
		{"more days", []string{"--days", "3651"}, `--days "3651"`},
		{"a key", []string{"--key", "rsa2048"}, `--key "rsa2048": not supported; want rsa3072 or p256`},
		{"standard output", []string{"--new-certificate", "-"}, "not a valid name of a file"},
		{"no file", []string{"--new-certificate", ""}, "not a valid name of a file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			setPassphrase(t, "x")
			code, out, errs := newCertificate(t.Context(), t, certificateArgs(filepath.Join(dir, "me.p12"), tt.args...)...)
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
			code, _, errs := newCertificate(t.Context(), t, certificateArgs(path, "--passphrase-command", `echo x | tee "$ASKED"`)...)
			if code != command.ExitUsage || strings.Contains(errs, "--force") ||
				!strings.Contains(errs, "the file exists, and a key is never replaced") {
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
	args := certificateArgs(path, "--passphrase-command", `echo theirs >"$TAKEN"; echo x`)
	code, _, errs := newCertificate(t.Context(), t, args...)
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
		args := certificateArgs(path, "--passphrase-file", "/nonexistent/file")
		if code, out, _ := newCertificate(ctx, t, args...); code == 0 || out != "" {
			t.Errorf("%s: got exit code %d and %q", name, code, out)
		}
		wantOnly(t, dir)
	}
	missing := filepath.Join(dir, "no directory", "me.p12")
	code, _, errs := newCertificate(t.Context(), t, certificateArgs(missing)...)
	if code != command.ExitFailed || !strings.Contains(errs, `mkdir -m 700 -p "`+filepath.Dir(missing)+`"`) {
		t.Errorf("got exit code %d and the messages %s", code, errs)
	}
}

func TestEmptyPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "me.p12")
	setPassphrase(t, "")
	code, _, errs := newCertificate(t.Context(), t, certificateArgs(path)...)
	if code != 0 || !strings.Contains(errs, "stratus-sign-metadata: warning: the passphrase is empty") {
		t.Errorf("got exit code %d and the messages %s", code, errs)
	}
}
