package command

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

const (
	p12Flag               = "p12-cert"
	certFlag              = "pem-cert"
	keyFlag               = "pem-key"
	passphraseFileFlag    = "passphrase-file"
	passphraseFDFlag      = "passphrase-fd"
	passphraseCommandFlag = "passphrase-command"
	passwordFlag          = "p12-password"

	credentialCategory = "Credentials"

	useDescriptor = "open another descriptor, as with --" + passphraseFDFlag + " 3 3<FILE"
)

// CredentialFlags returns the flags of a command that signs.
func CredentialFlags() []cli.Flag {
	return append(InCategory(credentialCategory,
		&cli.StringFlag{Name: p12Flag, Usage: "sign with the certificate and key in the PKCS#12 `FILE` (default: ~/.globus/usercert.p12)"},
		&cli.StringFlag{Name: certFlag, Usage: "sign with the certificate in the PEM `FILE` (default: ~/.globus/usercert.pem)"},
		&cli.StringFlag{Name: keyFlag, Usage: "sign with the key in the PEM `FILE` (default: ~/.globus/userkey.pem)"},
	), PassphraseFlags()...)
}

// PassphraseFlags returns those of CredentialFlags that are about the passphrase.
func PassphraseFlags() []cli.Flag {
	return InCategory(credentialCategory,
		&cli.StringFlag{Name: passphraseFileFlag, Usage: "read the passphrase from the first line of `FILE`"},
		&cli.IntFlag{Name: passphraseFDFlag, Usage: "read the passphrase from the open file descriptor `NUMBER`, 3 or more"},
		&cli.StringFlag{Name: passphraseCommandFlag, Usage: "read the passphrase from the output of the shell `COMMAND`"},
		&cli.StringFlag{Name: passwordFlag, Usage: "use this `PASSPHRASE`, which other users can see in the list of processes"},
	)
}

// CredentialSettings returns the settings of CredentialFlags. They count for
// commands without those flags, too.
func CredentialSettings() []Setting {
	return []Setting{
		{Flag: p12Flag, Env: "STRATUSLAB_P12_CERTIFICATE", Key: "p12_certificate"},
		{Flag: certFlag, Env: "STRATUSLAB_PEM_CERTIFICATE", Key: "pem_certificate"},
		{Flag: keyFlag, Env: "STRATUSLAB_PEM_KEY", Key: "pem_key"},
		{Flag: passwordFlag, Env: "STRATUSLAB_P12_PASSWORD", Key: "p12_password", Secret: true, Blank: true},
	}
}

// ErrPassphrase is wrapped by errors about a file that should hold the passphrase.
var ErrPassphrase = errors.New("reading the passphrase")

// Credential is where the user's certificate, key and passphrase are.
type Credential struct {
	// P12 is the path of a PKCS#12 file; if it is empty, Certificate and Key are
	// those of PEM files. What is empty is not named.
	P12, Certificate, Key string
	// From names the source of the passphrase for messages. It is empty where
	// the user has set up none.
	From string
	// Passphrase reads the passphrase from that source. Its errors have the kind
	// report.Credentials.
	Passphrase func() (string, error)
}

// Credential returns the values of CredentialFlags. A stronger origin wins: a
// PKCS#12 file and PEM files exclude each other only where both are named in the
// same way.
func (c *Call) Credential() (Credential, error) {
	var found Credential
	for _, flag := range []string{p12Flag, certFlag, keyFlag} {
		if c.Typed(flag) && c.String(flag) == "" {
			return found, report.Usagef("reading --%s %q: not a valid name of a file", flag, "")
		}
	}
	p12, cert, key := c.Value(p12Flag), c.Value(certFlag), c.Value(keyFlag)
	switch pem := max(cert.Origin, key.Origin); {
	case p12.Origin == pem && pem != Default:
		return found, report.WithHint(report.Usagef("a PKCS#12 file, %q, and a PEM certificate or key are both named", p12.Text),
			"give either --%s or --%s and --%s", p12Flag, certFlag, keyFlag)
	case p12.Origin > pem:
		found.P12 = p12.Path()
	default:
		found.Certificate, found.Key = cert.Path(), key.Path()
	}
	err := c.passphrase(&found)
	return found, err
}

// Passphrase is Credential without the files of the certificate and the key, for a
// command that makes them.
func (c *Call) Passphrase() (Credential, error) {
	var found Credential
	err := c.passphrase(&found)
	return found, err
}

// passphrase finds the source of the passphrase: the first in the order below.
func (c *Call) passphrase(found *Credential) error {
	password := c.Value(passwordFlag)
	for _, flag := range []string{passphraseFileFlag, passphraseCommandFlag} {
		if c.IsSet(flag) && c.String(flag) == "" {
			return report.Usagef("reading --%s %q: not a valid value; want a file or a command", flag, "")
		}
	}
	switch {
	case c.IsSet(passphraseFileFlag):
		file := c.String(passphraseFileFlag)
		if file == "-" {
			return report.WithHint(report.Usagef("reading --%s %q: standard input is for documents", passphraseFileFlag, "-"), "%s", useDescriptor)
		}
		found.From, found.Passphrase = "--"+passphraseFileFlag, func() (string, error) {
			return c.passphraseIn(strconv.Quote(file), func() (*os.File, error) { return os.Open(file) })
		}
	case c.IsSet(passphraseFDFlag):
		number := c.Int(passphraseFDFlag)
		name := fmt.Sprintf("descriptor %d", number)
		found.From, found.Passphrase = "--"+passphraseFDFlag, func() (string, error) {
			return c.passphraseIn(name, func() (*os.File, error) { return os.NewFile(uintptr(number), name), nil })
		}
	case password.Origin != Default:
		found.From, found.Passphrase = password.Name, func() (string, error) {
			if password.Origin == FromCommandLine {
				c.Log.Warnf("--%s: any user of this machine can see the passphrase with ps; --%s keeps it to yourself", passwordFlag, passphraseFileFlag)
			}
			return c.Secret(passwordFlag)
		}
	case c.IsSet(passphraseCommandFlag):
		found.From, found.Passphrase = "--"+passphraseCommandFlag, c.runPassphraseCommand
		return nil
	}
	if c.IsSet(passphraseCommandFlag) {
		c.Log.Warnf("--%s is not used: the passphrase comes from %s", passphraseCommandFlag, found.From)
	}
	return nil
}

// passphraseIn reads the passphrase from the first line of a file. An empty line is
// a passphrase: an empty file is none.
func (c *Call) passphraseIn(name string, open func() (*os.File, error)) (string, error) {
	passphrase, err := c.firstLine(open)
	if err != nil {
		return "", report.Credentialsf("%w: reading %s: %w", ErrPassphrase, name, files.WithoutName(err))
	}
	return passphrase, nil
}

// runPassphraseCommand reads the passphrase from the output of the user's command,
// which has the terminal to ask on, but not standard input: that is for documents.
func (c *Call) runPassphraseCommand() (string, error) {
	line := c.String(passphraseCommandFlag)
	command := exec.CommandContext(c.Ctx, "sh", "-c", line)
	command.Stderr = c.Err
	command.WaitDelay = time.Second // for what the shell leaves behind
	out, err := command.Output()
	var passphrase string
	if err == nil {
		passphrase, err = files.FirstLine(bytes.NewReader(out))
	}
	if err != nil {
		return "", report.Credentialsf("running the passphrase command %q: %w", line, cmp.Or(c.Ctx.Err(), err))
	}
	return passphrase, nil
}
