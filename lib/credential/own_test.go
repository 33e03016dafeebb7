package credential

import (
	"bytes"
	"crypto/x509"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
)

// certificateOf looks for the user's own certificate as the command does that
// has these flags and settings.
func certificateOf(t *testing.T, flags []cli.Flag, settings []command.Setting, args ...string) (string, outcome) {
	t.Helper()
	var found *x509.Certificate
	var out, errs bytes.Buffer
	action := func(c *command.Call) error {
		source, err := sourceOf(c)
		if err != nil {
			return err
		}
		if value, ok := os.LookupEnv(passphraseVariable); ok {
			t.Errorf("other programs would have %s=%q", passphraseVariable, value)
		}
		found, err = source.Certificate(c.Ctx)
		return err
	}
	code := command.Run(t.Context(), &command.Program{Name: "read", Flags: flags, Settings: settings, Action: action}, args,
		command.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	name := ""
	if found != nil {
		name = found.Subject.CommonName
	}
	return name, outcome{Code: code, Out: out.String(), Err: errs.String()}
}

func TestCertificate(t *testing.T) {
	const p12, cert, key = "usercert.p12", "usercert.pem", "userkey.pem"
	locked := export(t, "rsa", "correct horse")
	above := slices.Concat(read(t, fixture(t, "root.pem")), read(t, fixture(t, "ca.pem")))
	chained := write(t, append(above, read(t, fixture(t, "leaf.pem"))...), 0o600)
	tests := []struct {
		name    string
		parts   []string
		env     map[string]string
		config  string
		want    string
		message string // of the error, where there is no certificate
	}{
		{name: "PKCS#12 first", parts: []string{p12, cert, key}, want: "p384"},
		{name: "PEM without its key", parts: []string{cert}, want: "p256"},
		{
			name: "nothing", parts: []string{key},
			message: "finding a certificate: none is named, and there is none at its usual place",
		},
		{
			name: "the environment", parts: []string{cert},
			env: map[string]string{"STRATUSLAB_P12_CERTIFICATE": "~/rsa.p12"}, want: "rsa",
		},
		{name: "the configuration", parts: []string{cert}, config: "p12_certificate = ~/rsa.p12\n", want: "rsa"},
		{
			name: "PEM in the environment over PKCS#12 in the configuration", config: "p12_certificate = ~/none\n",
			env: map[string]string{"STRATUSLAB_PEM_CERTIFICATE": "~/rsa.pem"}, want: "rsa",
		},
		{
			name: "both in the configuration", config: "p12_certificate = a\npem_certificate = b\n",
			message: `a PKCS#12 file, "a", and a PEM certificate or key are both named`,
		},
		{
			name: "named, but not there", parts: []string{cert}, config: "pem_certificate = ~/none\n",
			message: "none\": no such file",
		},
		{name: "no certificate", config: "pem_certificate = ~/rsa.key\n", message: "it holds no certificate"},
		{name: "authorities above it, which come first", config: "pem_certificate = " + chained + "\n", want: "leaf"},
		{
			name: "a passphrase that nobody has set up", config: "p12_certificate = " + locked + "\n",
			message: "the passphrase is wrong",
		},
		{
			name: "a passphrase in the environment", config: "p12_certificate = " + locked + "\n",
			env: map[string]string{passphraseVariable: "correct horse"}, want: "rsa",
		},
		{
			name:   "a passphrase in the configuration",
			config: "p12_certificate = " + locked + "\np12_password = correct horse\n", want: "rsa",
		},
		{
			name: "a wrong passphrase", config: "p12_certificate = " + locked + "\np12_password = donkey\n",
			message: "the passphrase is wrong",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("HOME", globus(t, "[default]\n"+tt.config, tt.parts...))
			for _, variant := range []struct {
				name     string
				flags    []cli.Flag
				settings []command.Setting
			}{
				{name: "with the flags", flags: command.CredentialFlags(), settings: command.CredentialSettings()},
				{
					name: "without", flags: []cli.Flag{&cli.StringFlag{Name: "other"}},
					settings: append(command.SettingsFor("other"), command.CredentialSettings()...),
				},
			} {
				for name, value := range tt.env { // command takes the passphrase away
					t.Setenv(name, value)
				}
				got, o := certificateOf(t, variant.flags, variant.settings)
				if got != tt.want || (o.Code == 0) != (tt.message == "") ||
					!strings.Contains(o.Err, tt.message) || strings.Contains(o.Err, "Passphrase for") {
					t.Errorf("%s: got %q, exit code %d, %s; want %q, %q", variant.name, got, o.Code, o.Err, tt.want, tt.message)
				}
			}
		})
	}
}

// The options of a command that has them count as well.
func TestCertificateOfOptions(t *testing.T) {
	home := globus(t, "[default]\n", "usercert.p12")
	t.Setenv("HOME", home)
	passphrase := write(t, []byte("correct horse\n"), 0o600)
	got, o := certificateOf(t, command.CredentialFlags(), command.CredentialSettings(),
		"--p12-cert", export(t, "rsa", "correct horse"), "--passphrase-file", passphrase)
	if got != "rsa" || o.Code != 0 {
		t.Errorf("got %q and %+v, want rsa", got, o)
	}
}
