package main

import (
	"errors"
	"io/fs"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/stratus-sign-metadata/internal/endorse"
)

const makeOne = "stratus-sign-metadata --new-certificate FILE.p12 --email ADDRESS --name NAME"

const otherSource = "give --passphrase-file, --passphrase-fd, --passphrase-command or the variable STRATUSLAB_P12_PASSWORD"

// credentialHints are what to type after an error of package credential.
var credentialHints = []struct {
	is   error
	hint string
}{
	{command.ErrPassphrase, otherSource}, // these two may wrap fs.ErrNotExist
	{credential.ErrNoTerminal, otherSource},
	{credential.ErrNone, "name yours with --p12-cert, or make one: " + makeOne},
	{fs.ErrNotExist, "name another file with --p12-cert, or with --pem-cert and --pem-key, or make a certificate: " + makeOne},
	{credential.ErrPEM, "name it with --pem-cert, and the file that holds the key with --pem-key"},
	{credential.ErrNotPEM, "name a PKCS#12 file with --p12-cert"},
	{credential.ErrNoKey, "name the file that holds the key with --pem-key"},
	{credential.ErrNoCertificate, "name the file that holds the certificate with --pem-cert"},
	{credential.ErrUnusable, "make a new certificate: " + makeOne},
	{credential.ErrExpired, "or make a new certificate: " + makeOne},
}

func hintCredential(err error) error {
	for _, h := range credentialHints {
		if errors.Is(err, h.is) {
			return report.WithHint(err, "%s", h.hint)
		}
	}
	return err
}

// hintSigner is for a certificate that cannot sign; named says that it has an
// address.
func hintSigner(err error, email string, named bool) error {
	switch {
	case errors.Is(err, signature.ErrNoEmail):
		return report.WithHint(err, "give yours with --email ADDRESS")
	case errors.Is(err, signature.ErrEmail) && !named:
		return report.WithHint(report.Usagef("reading --email %q: not a valid address", email), "give one such as --email jane@example.org")
	case errors.Is(err, signature.ErrProfile):
		return report.WithHint(err, "leave out --profile")
	}
	return report.WithHint(err, "use another certificate, or make one: %s", makeOne)
}

// hint is for a document that cannot be signed.
func (j *job) hint(d endorse.Document, err error) error {
	if report.KindOf(err) != report.BadInput {
		return err
	}
	expiry, location := d.Lacks()
	if expiry {
		err = report.WithHint(err, "add a time of expiry: stratus-build-metadata --draft FILE --valid-for DAYS")
	}
	if location && !j.AllowNoLocation {
		err = report.WithHint(err, "add the image's location after dcterms:type: stratus-build-metadata --draft FILE --location URI; or sign without one: --allow-no-location")
	}
	return err
}
