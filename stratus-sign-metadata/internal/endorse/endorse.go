// Package endorse signs descriptions with a user's certificate, shows what an
// endorsement would say, and reports who endorsed a signed description and whether
// that is sound. It makes certificates for people who have none. It must not know
// where documents come from or go, how a signature is made or checked, how a
// certificate is found, nor why an endorser is trusted.
package endorse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
)

// Options say how to sign.
type Options struct {
	Email           string // where the certificate names none
	Profile         signature.Profile
	Chain           bool // send the certificate's chain along
	AllowNoLocation bool // sign a document without a location
}

// level is how complete a document must be.
func (o Options) level() metadata.Level {
	if o.AllowNoLocation {
		return metadata.Complete &^ metadata.Located
	}
	return metadata.Complete
}

// Document is a description to sign.
type Document struct {
	Name   string                // for messages
	Old    *metadata.Endorsement // that is replaced, nil for none
	parsed *metadata.Document
}

// Parse reads a document and makes sure that it can be signed.
func (o Options) Parse(name string, src []byte) (Document, error) {
	d := Document{Name: name}
	var err error
	if d.parsed, err = metadata.Parse(src); err != nil {
		return d, report.BadInputf("reading %q: %w", name, err)
	}
	if old, ok := d.parsed.Endorsement(); ok {
		d.Old = &old
	}
	return d, d.explain(signature.Signable(d.parsed, o.level()))
}

// Lacks reports what keeps a document that Parse has read from being published: that
// it names no time of expiry, or no location.
func (d Document) Lacks() (expiry, location bool) {
	if d.parsed == nil {
		return false, false
	}
	return d.parsed.Text(metadata.Valid) == "", len(d.parsed.Texts(metadata.Location)) == 0
}

// explain names the document in an error about signing it.
func (d Document) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, metadata.ErrInvalid):
		return report.BadInputf("signing %q: %w", d.Name, err)
	}
	return fmt.Errorf("signing %q: %w", d.Name, err)
}

// Warn warns of a document that is of no use any more.
func (d Document) Warn(log report.Log, now time.Time) {
	if valid, err := metadata.ParseTime(d.parsed.Text(metadata.Valid)); err == nil && !valid.After(now) {
		log.Warnf("%s: the description was valid until %s only, and will be listed as expired", d.Name, metadata.FormatTime(valid))
	}
}

// CheckImage makes sure that the document describes the image that r holds: its
// size and every checksum, all of them of the uncompressed bytes; the error wraps
// diskimage.ErrMismatch where it does not. name is that of the image, for
// messages.
func (d Document) CheckImage(ctx context.Context, r io.Reader, name string) error {
	if _, err := d.parsed.Image(); err != nil {
		return report.BadInputf("reading %q: %w", d.Name, err)
	}
	got, err := digest.Stream(ctx, r, digest.Unlimited)
	if errors.Is(err, digest.ErrCorrupt) {
		return report.BadInputf("reading the image %q: %w", name, err)
	}
	if err != nil {
		return fmt.Errorf("reading the image %q: %w", name, err)
	}
	if err := d.parsed.CheckImage(got); err != nil {
		return report.WithHint(report.BadInputf("comparing the image %q with %q: %w", name, d.Name, err),
			"describe this image anew: stratus-build-metadata --draft DOCUMENT IMAGE")
	}
	return nil
}

// Signer signs in the name of its owner.
type Signer struct {
	By     metadata.Endorsement // what is added to a document
	signer signature.Signer
}

// Signer returns the signer with the certificate, the key, the chain and the time
// of own; the options are the rest. Its error wraps one of package signature and is
// of kind report.Credentials.
func (o Options) Signer(own signature.Signer) (Signer, error) {
	s := Signer{signer: own}
	s.signer.Email, s.signer.Profile, s.signer.Level = o.Email, o.Profile, o.level()
	if !o.Chain {
		s.signer.Chain = nil
	}
	var err error
	if s.By, err = s.signer.Endorser(); err != nil {
		return s, report.Credentialsf("using the certificate of %q: %w", own.Certificate.Subject, err)
	}
	return s, nil
}

// Sign returns the signed document.
func (s Signer) Sign(d Document) ([]byte, error) {
	signed, err := signature.Sign(d.parsed, s.signer)
	return signed, d.explain(err)
}
