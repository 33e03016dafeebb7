package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/stratus-sign-metadata/internal/endorse"
)

// runNewCertificate makes a key and a certificate that signs itself, and writes
// both to a PKCS#12 file that only its owner can read, and the certificate alone
// to a file beside it. It prints the certificate's fingerprint. Nothing is left
// behind when making it fails.
func runNewCertificate(c *command.Call) error {
	if c.Args().Present() {
		return report.Usagef("--new-certificate takes no document: leave out %q", c.Args().First())
	}
	path := c.String("new-certificate")
	if path == "" || path == "-" {
		return report.Usagef("reading --new-certificate %q: not a valid name of a file", path)
	}
	o, err := certificateOptions(c)
	if err != nil {
		return err
	}
	where, err := c.Passphrase()
	if err != nil {
		return err
	}
	file, err := create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	passphrase, err := credential.New(credential.Options(where), c.Log).NewPassphrase(c.Ctx)
	if err != nil {
		return hintCredential(err)
	}
	if passphrase == "" {
		c.Log.Warnf("the passphrase is empty: anyone who can read %q can sign in your name", path)
	}
	certificate, p12, err := endorse.MakeCertificate(o, passphrase)
	if err != nil {
		return err
	}
	if err := write(c.Ctx, file, path, p12); err != nil {
		return err
	}
	publish(c, credential.CertificateFile(path), certificate.Raw)
	c.Log.Infof("made %q, valid until %s", path, certificate.NotAfter.Format(time.RFC3339))
	c.Log.Infof("back the file up, and give the fingerprint to those who should trust your signatures")
	fingerprint := signature.Fingerprint(certificate)
	if err := c.WriteProduct("", []byte(fingerprint+"\n")); err != nil {
		return fmt.Errorf("made %q with the fingerprint %s, but %w", path, fingerprint, err)
	}
	return nil
}

// certificateOptions reads the flags.
func certificateOptions(c *command.Call) (o endorse.CertificateOptions, err error) {
	switch {
	case c.String("email") == "":
		return o, report.WithHint(report.Usagef("--new-certificate needs the owner's address"), "give one such as --email jane@example.org")
	case c.String("name") == "":
		return o, report.WithHint(report.Usagef("--new-certificate needs the owner's name"), "give one such as --name 'Jane Tester'")
	}
	o = endorse.CertificateOptions{
		Email:        command.Parse(c, &err, "email", endorse.ParseEmail),
		Name:         command.Parse(c, &err, "name", endorse.ParseName),
		Organization: command.Parse(c, &err, "organization", endorse.ParseName),
		Country:      command.Parse(c, &err, "country", endorse.ParseCountry),
		Days:         command.Parse(c, &err, "days", endorse.ParseDays),
		Key:          command.Parse(c, &err, "key", report.OneOf(endorse.RSA3072, endorse.P256)),
	}
	if err == nil {
		o.Now, err = command.Now()
	}
	return o, err
}

// publish writes the certificate alone: with it what one has signed oneself is
// recognized without the passphrase.
func publish(c *command.Call, path string, certificate []byte) {
	if _, err := os.Lstat(path); err == nil {
		c.Log.Warnf("%q exists, and is not replaced by the new certificate", path)
		return
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	if err := c.WriteProduct(path, block); err != nil {
		c.Log.Warnf("the certificate is not in a file of its own: %v", err)
	}
}

// create starts the file, which nobody else can read before there is a byte in
// it.
func create(path string) (*files.Pending, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, errExists(path)
	}
	file, err := files.CreatePending(path, false)
	if errors.Is(err, os.ErrNotExist) {
		return nil, report.WithHint(err, "make the directory first: mkdir -m 700 -p %q", filepath.Dir(path))
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
	return report.WithHint(report.Usagef("writing %q: the file exists, and a key is never replaced", path), "give another name")
}

func write(ctx context.Context, file *files.Pending, path string, data []byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, err := file.File.Write(data); err != nil {
		return fmt.Errorf("writing %q: %w", path, err)
	}
	err := file.Commit()
	var known *report.Error
	if errors.As(err, &known) && known.Kind == report.Usage { // somebody took the name meanwhile
		return errExists(path)
	}
	return err
}
