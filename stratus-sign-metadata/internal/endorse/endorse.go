// Package endorse signs descriptions with a user's certificate, shows what an
// endorsement would say, and reports who endorsed a signed description and whether
// that is sound. It must not know where documents come from or go, how a signature
// is made or checked, how a certificate is found, nor why an endorser is trusted.
package endorse

import (
	"errors"
	"fmt"
	"time"

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
	Name   string // for messages
	Parsed *metadata.Document
	Old    *metadata.Endorsement // that is replaced, nil for none
}

// Parse reads a document and makes sure that it can be signed. Parsed is set
// also where it cannot.
func (o Options) Parse(name string, src []byte) (Document, error) {
	d := Document{Name: name}
	var err error
	if d.Parsed, err = metadata.Parse(src); err != nil {
		return d, report.BadInputf("reading %q: %w", name, err)
	}
	if old, ok := d.Parsed.Endorsement(); ok {
		d.Old = &old
	}
	return d, d.explain(signature.Signable(d.Parsed, o.level()))
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
	if valid, err := metadata.ParseTime(d.Parsed.Text(metadata.Valid)); err == nil && !valid.After(now) {
		log.Warnf("%s: the description was valid until %s only, and will be listed as expired", d.Name, metadata.FormatTime(valid))
	}
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
	signed, err := signature.Sign(d.Parsed, s.signer)
	return signed, d.explain(err)
}
