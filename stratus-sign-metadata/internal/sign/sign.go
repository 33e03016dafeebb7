// Package sign endorses metadata documents with the user's certificate, shows
// what an endorsement would say, and puts the signed documents where the user
// wants them. It must not know how a signature is made, nor how a certificate
// is found.
package sign

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
)

// Run signs the documents. What is wrong with one of them comes up before a
// passphrase is asked for, and then none is written.
func Run(c *command.Call, o Options) error {
	documents, identity, now, err := o.open(c)
	if err != nil {
		return err
	}
	signer := o.signer(c, identity, now)
	by, err := o.endorser(signer)
	if err != nil {
		return err
	}
	for i := range documents {
		if documents[i].signed, err = signature.Sign(documents[i].src, signer); err != nil {
			return o.explain(documents[i], err)
		}
	}
	if err := o.write(c, documents); err != nil {
		return err
	}
	for _, d := range documents {
		if old, ok := d.parsed.Endorsement(); ok {
			c.Log.Infof("%s: replaced the endorsement by %q of %q", d.name, old.Email, old.Created)
		}
		c.Log.Verbosef("%s: endorsed by %s, %s", d.name, by.Email, by.Subject)
	}
	return nil
}

// document is one that is being signed.
type document struct {
	name   string // for messages
	path   string // of its file, symbolic links resolved, where it is signed in place
	src    []byte
	parsed *metadata.Document
	signed []byte
}

// open reads what signing needs, the certificate last. The time is that at
// which the documents are there: in a pipe they may be long in coming.
func (o Options) open(c *command.Call) ([]document, *credential.Identity, time.Time, error) {
	source, err := credential.Prepare(c)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	documents, err := o.read(c)
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	now, err := command.Now()
	if err != nil {
		return nil, nil, now, err
	}
	for _, d := range documents {
		warn(c, d, now)
	}
	identity, err := source.Load(now)
	return documents, identity, now, err
}

// read reads the documents and makes sure that they can be signed.
func (o Options) read(c *command.Call) ([]document, error) {
	documents := make([]document, len(o.Inputs))
	for i, input := range o.Inputs {
		src, name, err := c.Read(input, "a metadata document", signature.MaxBytes)
		if err != nil {
			return nil, err
		}
		d := document{name: name, src: src}
		if d.parsed, err = metadata.Parse(bytes.NewReader(src)); err != nil {
			return nil, fault.BadInputf("reading %q: %w", name, err)
		}
		if err := signature.Signable(src, o.level()); err != nil {
			return nil, o.explain(d, err)
		}
		documents[i] = d
	}
	if err := o.checkOutputs(documents); err != nil {
		return nil, err
	}
	if o.CheckImage == "" {
		return documents, nil
	}
	return documents, checkImage(c, o.CheckImage, documents[0])
}

func (o Options) signer(c *command.Call, identity *credential.Identity, now time.Time) signature.Signer {
	if named := identity.Certificate.EmailAddresses; len(named) > 0 && c.Typed("email") && named[0] != o.Email {
		c.Log.Warnf("the certificate names %q, which wins over --email=%q", named[0], o.Email)
	}
	s := signature.Signer{
		Certificate: identity.Certificate, Key: identity.Key,
		Email: o.Email, Created: now, Profile: o.Profile, Level: o.level(),
	}
	if o.Chain {
		s.Chain = identity.Chain
		if len(s.Chain) == 0 {
			c.Log.Warnf("no other certificates came with yours: there is no chain to send along")
		}
	}
	if o.Profile == signature.StratusLab {
		c.Log.Warnf("signing with SHA-1, which can be forged: do so only for the original StratusLab software")
	}
	return s
}

// endorser says in whose name the signer signs, if it can.
func (o Options) endorser(s signature.Signer) (metadata.Endorsement, error) {
	by, err := s.Endorser()
	if err == nil {
		return by, nil
	}
	refused := &fault.Error{Kind: fault.Credentials, Err: fmt.Errorf("using the certificate of %q: %w", s.Certificate.Subject, err)}
	switch named := len(s.Certificate.EmailAddresses) > 0; {
	case errors.Is(err, signature.ErrNoEmail):
		return by, fault.WithHint(refused, "give yours with --email ADDRESS")
	case errors.Is(err, signature.ErrEmail) && !named:
		return by, fault.WithHint(fault.Usagef("reading --email=%q: an address is expected", o.Email), "such as --email jane@example.org")
	case errors.Is(err, signature.ErrProfile):
		return by, fault.WithHint(refused, "leave out --profile")
	}
	return by, fault.WithHint(refused, "use another certificate, or make one with --new-certificate")
}

// warn tells of what is allowed but hardly meant.
func warn(c *command.Call, d document, now time.Time) {
	if valid, err := metadata.ParseTime(d.parsed.Text(metadata.Valid)); err == nil && !valid.After(now) {
		c.Log.Warnf("%s: the description was valid until %s only, and will be listed as expired", d.name, metadata.FormatTime(valid))
	}
}

// explain says what to do about a document that cannot be signed.
func (o Options) explain(d document, err error) error {
	if !errors.Is(err, metadata.ErrInvalid) {
		return fmt.Errorf("signing %q: %w", d.name, err)
	}
	err = fault.BadInputf("signing %q: %w", d.name, err)
	if d.parsed.Text(metadata.Valid) == "" {
		err = fault.WithHint(err, "add a time of expiry: stratus-build-metadata --draft FILE --valid-for DAYS")
	}
	if !o.AllowNoLocation && len(d.parsed.Texts(metadata.Location)) == 0 {
		err = fault.WithHint(err, "add the image's location after dcterms:type: stratus-build-metadata --draft FILE --location URI; or sign without one: --allow-no-location")
	}
	return err
}
