// Package verify checks signed documents and says of each who endorsed it and
// whether the user trusts that. It must not know how a signature is checked,
// nor why a certificate is trusted.
package verify

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/lib/trust"
)

// Options say what to check, and whom to trust.
type Options struct {
	Inputs       []string // paths of the documents, "-" for standard input
	Trust        []string // files and directories of trusted certificates
	Fingerprints []string // of trusted certificates, SHA-256
	JSON         bool     // one JSON object for each document instead of a line
}

// Run checks every document, prints what it finds, and fails with the gravest
// finding: a document that is not good before one that is not trusted.
func Run(c *tool.Call, o Options) error {
	store, err := o.store(c)
	if err != nil {
		return err
	}
	var bad, untrusted int
	for _, input := range o.Inputs {
		if err := c.Ctx.Err(); err != nil {
			return err
		}
		f, err := check(c, input, store)
		if err != nil {
			return err
		}
		switch {
		case !f.good():
			bad++
		case f.Trust != trusted:
			untrusted++
		}
		if err := f.print(c.Out, o.JSON); err != nil {
			return err
		}
	}
	return verdict(len(o.Inputs), bad, untrusted, store.Empty())
}

// verdict makes the exit code.
func verdict(all, bad, untrusted int, nobody bool) error {
	var err error
	switch {
	case bad > 0:
		return tool.BadInputf("verifying: %d of %d not good", bad, all)
	case untrusted > 0:
		err = &tool.Error{Code: tool.ExitCredentials, Err: fmt.Errorf("verifying: %d of %d not trusted", untrusted, all)}
	}
	if err != nil && nobody {
		err = tool.WithHint(err, "trust an authority with --trust FILE, or a person with --trust-endorser and the fingerprint that the person tells you")
	}
	return err
}

// store collects whom the user trusts.
func (o Options) store(c *tool.Call) (*trust.Store, error) {
	store := &trust.Store{}
	for _, text := range o.Fingerprints {
		fingerprint, err := trust.ParseFingerprint(text)
		if err != nil {
			return nil, tool.WithHint(tool.Usagef("reading --trust-endorser: %w", err), "openssl x509 -noout -fingerprint -sha256 -in FILE prints one")
		}
		store.Pin(fingerprint)
	}
	for _, path := range o.Trust {
		if err := store.Load(path); err != nil {
			return nil, tool.WithHint(&tool.Error{Code: tool.ExitCredentials, Err: fmt.Errorf("reading --trust=%q: %w", path, err)},
				"certificates in PEM are expected, such as openssl pkcs12 -nokeys -in FILE takes out of a PKCS#12 file")
		}
	}
	for _, skipped := range store.Skipped() {
		c.Log.Warnf("%v", skipped)
	}
	return store, nil
}

// check finds out about one document. A document that is not good, or not
// there, is a finding; an error is about the rest of the world.
func check(c *tool.Call, input string, store *trust.Store) (finding, error) {
	src, name, err := c.Read(input, "a signed metadata document", signature.MaxBytes)
	f := finding{File: name}
	var unreadable *tool.Error
	if errors.As(err, &unreadable) && unreadable.Code == tool.ExitBadInput {
		f.refuse(&signature.Error{Err: err})
		return f, nil
	}
	if err != nil {
		return f, err
	}
	by, err := signature.Verify(src)
	if err != nil {
		var refused *signature.Error
		if !errors.As(err, &refused) {
			return f, fmt.Errorf("verifying %q: %w", name, err)
		}
		f.refuse(refused)
		return f, nil
	}
	f.accept(by)
	if by.Digest == "sha1" || strings.HasSuffix(by.Method, "-sha1") {
		c.Log.Warnf("%s: signed with SHA-1, which can be forged", name)
	}
	now, err := tool.Now() // when the document is there: in a pipe it may be long in coming
	if err != nil {
		return f, err
	}
	decision := store.Decide(trust.Claim{Certificate: by.Certificate, Chain: by.Chain, Email: by.Email, At: by.Created}, now)
	f.Trust, f.Reason = untrusted, decision.Reason
	if decision.Trusted {
		f.Trust = trusted
	}
	return f, nil
}
