// Package personal makes personal certificates, for people whom no authority
// has given one. It must not know what they sign.
package personal

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/trust"
)

// Options say what to make, and where.
type Options struct {
	Path         string // of the PKCS#12 file, which must not exist
	Email, Name  string
	Organization string // may be empty
	Country      string // two letters, or empty
	Days         int    // 1 to 3650
	Key          string // "rsa3072" or "p256"
}

// rounds is how often the passphrase is hashed: a tenth of a second for who
// knows it, and fifty times the work of usual files for who guesses.
const rounds = 100_000

// Make makes a key and a certificate that signs itself, valid from now, and
// writes both to a PKCS#12 file that only its owner can read, and the
// certificate alone to a file beside it. It prints the certificate's
// fingerprint. Nothing is left behind when making it fails.
func Make(c *command.Call, o Options, now time.Time) error {
	source, err := credential.Prepare(c)
	if err != nil {
		return err
	}
	if err := check(&o); err != nil {
		return err
	}
	file, err := create(o.Path)
	if err != nil {
		return err
	}
	defer file.Discard()
	passphrase, err := source.NewPassphrase()
	if err != nil {
		return err
	}
	if passphrase == "" {
		c.Log.Warnf("the passphrase is empty: whoever gets hold of %q can sign in your name", o.Path)
	}
	key, err := newKey(o.Key)
	if err != nil {
		return err
	}
	certificate, err := selfSign(key, o, now)
	if err != nil {
		return err
	}
	data, err := pkcs12.Modern.WithIterations(rounds).Encode(key, certificate, nil, passphrase)
	if err != nil {
		return fmt.Errorf("encoding the certificate and its key: %w", err)
	}
	if err := write(c.Ctx, file, o.Path, data); err != nil {
		return err
	}
	publish(c, credential.CertificateFile(o.Path), certificate)
	c.Log.Infof("made %q, valid until %s", o.Path, certificate.NotAfter.Format(time.RFC3339))
	c.Log.Infof("back the file up, and give the fingerprint to those who are to trust what you sign")
	if _, err := fmt.Fprintln(c.Out, trust.Fingerprint(certificate)); err != nil {
		return fmt.Errorf("made %q with the fingerprint %s, but writing that to standard output: %w", o.Path, trust.Fingerprint(certificate), err)
	}
	return nil
}

// publish writes the certificate alone: with it what one has signed oneself is
// recognized without the passphrase.
func publish(c *command.Call, path string, certificate *x509.Certificate) {
	if _, err := os.Lstat(path); err == nil {
		c.Log.Warnf("%q exists, and is not replaced by the new certificate", path)
		return
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	if err := c.WriteProduct(path, block); err != nil {
		c.Log.Warnf("the certificate is not there by itself: %v", err)
	}
}

func newKey(kind string) (crypto.Signer, error) {
	if kind == p256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 3072)
}

// selfSign makes the certificate of a person: it is for signing and for mail,
// and not for issuing others.
func selfSign(key crypto.Signer, o Options, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject(o),
		EmailAddresses:        []string{o.Email},
		NotBefore:             now.UTC(),
		NotAfter:              now.UTC().AddDate(0, 0, o.Days),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

func subject(o Options) pkix.Name {
	name := pkix.Name{CommonName: o.Name}
	if o.Organization != "" {
		name.Organization = []string{o.Organization}
	}
	if o.Country != "" {
		name.Country = []string{o.Country}
	}
	return name
}

// create starts the file, which nobody else can read before there is a byte in
// it.
func create(path string) (*files.Pending, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, errExists(path)
	}
	file, err := files.CreatePending(path, false)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.WithHint(err, "make the directory first: mkdir -m 700 -p %q", filepath.Dir(path))
	}
	if err != nil {
		return nil, err
	}
	if err := file.File.Chmod(0o600); err != nil {
		file.Discard()
		return nil, fmt.Errorf("creating %q: %w", path, err)
	}
	return file, nil
}

func errExists(path string) error {
	return fault.WithHint(fault.Usagef("writing %q: the file exists, and a key is never replaced", path), "give another name")
}

func write(ctx context.Context, file *files.Pending, path string, data []byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, err := file.File.Write(data); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	err := file.Commit()
	var known *fault.Error
	if errors.As(err, &known) && known.Kind == fault.Usage { // somebody took the name meanwhile
		return errExists(path)
	}
	return err
}
