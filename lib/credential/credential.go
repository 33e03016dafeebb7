// Package credential finds and opens the certificate and the key with which a
// user signs, and asks for the passphrase that protects them. It must not know
// what is signed, nor whom anyone trusts.
package credential

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
)

// Identity is a personal certificate with its key.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer // an *rsa.PrivateKey or an *ecdsa.PrivateKey
	// Chain holds the issuer of Certificate, the issuer's issuer and so on, as
	// far as they came along; names and key identifiers make the links, no
	// signature has been checked.
	Chain []*x509.Certificate
}

// Flags are the options of a command that signs.
func Flags() []cli.Flag {
	flag := func(name, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Category: "Credentials"}
	}
	return []cli.Flag{
		flag(p12Flag, "sign with the certificate and key in the PKCS#12 `FILE` (default: ~/.globus/usercert.p12)"),
		flag(certFlag, "sign with the certificate in the PEM `FILE` (default: ~/.globus/usercert.pem)"),
		flag(keyFlag, "sign with the key in the PEM `FILE` (default: ~/.globus/userkey.pem)"),
		flag(fileFlag, "read the passphrase from the first line of `FILE`"),
		&cli.IntFlag{Name: fdFlag, Usage: "read the passphrase from the open file descriptor `NUMBER`, 3 or more", Category: "Credentials"},
		flag(commandFlag, "read the passphrase from the output of the shell `COMMAND`"),
		flag(passwordFlag, "the `PASSPHRASE` itself, which other users can see in the list of processes"),
	}
}

const (
	p12Flag      = "p12-cert"
	certFlag     = "pem-cert"
	keyFlag      = "pem-key"
	fileFlag     = "passphrase-file"
	fdFlag       = "passphrase-fd"
	commandFlag  = "passphrase-command"
	passwordFlag = "p12-password"
)

// Settings are the variables and configuration keys that stand for the files.
// The passphrase is none of them: its own variable and key are read when it is
// needed.
func Settings() []command.Setting {
	return []command.Setting{
		{Flag: p12Flag, Env: "STRATUSLAB_P12_CERTIFICATE", Key: "p12_certificate"},
		{Flag: certFlag, Env: "STRATUSLAB_PEM_CERTIFICATE", Key: "pem_certificate"},
		{Flag: keyFlag, Env: "STRATUSLAB_PEM_KEY", Key: "pem_key"},
	}
}

// attempts is how often a person may mistype a passphrase.
const attempts = 3

// errPassphrase is what a file gives that the passphrase does not open.
var errPassphrase = errors.New("the passphrase is wrong")

// Source is where a command gets its credentials from.
type Source struct {
	c *command.Call
	p *passphrases
}

// Prepare keeps what is secret from the programs that this one starts, and its
// memory from others. It must come before any of them.
func Prepare(c *command.Call) (*Source, error) {
	protectMemory(c)
	p := newPassphrases(c)
	return &Source{c: c, p: p}, p.holdDescriptor()
}

// Load opens the user's identity: the one that the command line names, else
// the environment, else the configuration, else the one in ~/.globus. It asks
// for a passphrase where one is needed, and checks that the key fits the
// certificate and can sign, and that the certificate is valid at now. Errors
// end the command with command.ExitCredentials, or command.ExitUsage.
func (s *Source) Load(now time.Time) (*Identity, error) {
	c := s.c
	m, name, err := s.open()
	if c.Ctx.Err() != nil {
		return nil, context.Cause(c.Ctx)
	}
	if err != nil {
		return nil, err
	}
	identity, err := m.identity(c.App.Name)
	if err != nil {
		return nil, err
	}
	if err := checkValidity(c, identity.Certificate, name, now); err != nil {
		return nil, err
	}
	return identity, nil
}

// open opens the chosen files and gives the name of the one with the
// certificate.
func (s *Source) open() (m *material, name string, err error) {
	chosen, err := choose(s.c)
	if err != nil {
		return nil, "", err
	}
	if chosen.p12 != "" {
		m, err = loadPKCS12(s.c, s.p, chosen.p12)
		return m, chosen.p12, err
	}
	m, err = loadPEM(s.c, s.p, chosen)
	return m, chosen.cert, err
}

// NewPassphrase gives the passphrase for a new file, from the same sources as
// Load. A person at the terminal is asked twice.
func (s *Source) NewPassphrase() (string, error) {
	passphrase, given, err := s.p.given()
	if err == nil && !given {
		passphrase, err = askTwice(s.c.Ctx)
	}
	if s.c.Ctx.Err() != nil {
		return "", context.Cause(s.c.Ctx)
	}
	if err != nil {
		return "", err
	}
	if err := checkEncodable(passphrase); err != nil {
		return "", err
	}
	return passphrase, nil
}

// open calls try with the passphrase of the first source that has one, or
// with what a person types; try gives errPassphrase for a wrong one. A file
// that opens with the empty passphrase never makes anyone type.
func (p *passphrases) open(name string, try func(passphrase string) error) error {
	passphrase, given, err := p.given()
	if err != nil {
		return err
	}
	if given {
		if err := try(passphrase); !errors.Is(err, errPassphrase) {
			return err
		}
		return fault.WithHint(refuse("opening %q: %w: it came from %s", name, errPassphrase, p.source),
			"it is the one with which the file was made or exported")
	}
	err = try("")
	for n := 0; errors.Is(err, errPassphrase); n++ {
		if n == attempts {
			return fault.WithHint(refuse("opening %q: %w, %d times", name, errPassphrase, attempts),
				"it is the one with which the file was made or exported")
		}
		if n > 0 {
			p.c.Log.Warnf("%v", err)
		}
		passphrase, askErr := ask(p.c.Ctx, fmt.Sprintf("Passphrase for %q: ", name))
		if askErr != nil {
			return askErr
		}
		err = try(passphrase)
	}
	return err
}

// refuse makes an error about credentials.
func refuse(format string, args ...any) error {
	return &fault.Error{Kind: fault.Credentials, Err: fmt.Errorf(format, args...)}
}
