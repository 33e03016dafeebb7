package endorse

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
)

// What a finding says of each part.
const (
	good      = "good"
	bad       = "bad"
	unknown   = "unknown" // it did not come to that
	trusted   = "trusted"
	untrusted = "untrusted"
)

// Finding is what there is to say of one document, as --json prints it.
type Finding struct {
	File      string `json:"file"`
	Signature string `json:"signature"` // good, bad or unknown
	Identity  string `json:"identity"`  // good, bad or unknown
	Document  string `json:"document"`  // good, bad or unknown
	Trust     string `json:"trust"`     // trusted, untrusted or unknown
	// Reason says why the document is trusted or untrusted, or what is bad.
	Reason string `json:"reason"`
	// Signer is there when signature and identity are good.
	Signer *Endorser `json:"signer,omitempty"`

	// Hint says how to trust the signer, where that would help.
	Hint string `json:"-"`
}

// Endorser is who signed a document, as --json prints it.
type Endorser struct {
	Identifier     string `json:"identifier"` // of the image
	Name           string `json:"name"`
	Email          string `json:"email"`
	EmailCertified bool   `json:"emailCertified"` // the certificate names it
	Subject        string `json:"subject"`
	Issuer         string `json:"issuer"`
	Created        string `json:"created"` // time of the endorsement
	Fingerprint    string `json:"fingerprint"`
	NotBefore      string `json:"notBefore"`
	NotAfter       string `json:"notAfter"`
	Method         string `json:"method"`
	Digest         string `json:"digest"`
}

// Good reports whether there is a sound document with the signature of whom it
// names.
func (f *Finding) Good() bool { return f.Document == good }

// Trusted reports whether the user relies on the document, too.
func (f *Finding) Trusted() bool { return f.Trust == trusted }

// Verify checks a signed document. One that is not good is a finding, and then
// nobody endorsed it. name is that of the document.
func Verify(name string, src []byte) (Finding, *signature.Endorsed) {
	by, err := signature.Verify(src)
	if err != nil {
		return Refused(name, err), nil
	}
	return Finding{
		File: name, Signature: good, Identity: good, Document: good, Trust: unknown, Signer: endorserOf(by),
	}, by
}

// Refused returns the finding about a document that cannot be read, or that
// signature.Verify refuses with err.
func Refused(name string, err error) Finding {
	f := Finding{File: name, Signature: unknown, Identity: unknown, Document: unknown, Trust: unknown, Reason: err.Error()}
	var refusal *signature.Error
	if !errors.As(err, &refusal) {
		return f
	}
	switch refusal.Stage {
	case signature.StageSignature:
		f.Signature = bad
	case signature.StageIdentity:
		f.Signature, f.Identity = good, bad
	case signature.StageDocument:
		f.Document = bad
		if refusal.By != nil {
			f.Signature, f.Identity, f.Signer = good, good, endorserOf(refusal.By)
		}
	}
	return f
}

// Judge adds whether the user relies on the document, why, and what would change
// that.
func (f *Finding) Judge(relied bool, reason, hint string) {
	f.Trust, f.Reason, f.Hint = untrusted, reason, hint
	if relied {
		f.Trust = trusted
	}
}

func endorserOf(by *signature.Endorsed) *Endorser {
	name := by.Certificate.Subject.CommonName
	if name == "" {
		name = by.Subject
	}
	return &Endorser{
		Identifier: by.Document.Text(metadata.Identifier),
		Name:       name, Email: by.Email, EmailCertified: by.EmailCertified,
		Subject: by.Subject, Issuer: by.Issuer,
		Created:     metadata.FormatTime(by.Created),
		Fingerprint: signature.Fingerprint(by.Certificate),
		NotBefore:   metadata.FormatTime(by.Certificate.NotBefore), NotAfter: metadata.FormatTime(by.Certificate.NotAfter),
		Method: by.Method, Digest: by.Digest,
	}
}

// Text returns the finding as one line for people.
func (f *Finding) Text() string { return report.Printable(f.File + ": " + f.text()) }

// JSON returns the finding as one line.
func (f *Finding) JSON() (string, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("writing JSON: %w", err)
	}
	return report.PrintableJSON(text), nil
}

func (f *Finding) text() string {
	reason := strings.Join(strings.Fields(f.Reason), " ")
	switch {
	case f.Signature == good && f.Identity == good && f.Document == good:
		return fmt.Sprintf("good signature by %s, %s (%s)", f.Signer.who(), f.Trust, reason)
	case f.Signature == good && f.Identity == good:
		return fmt.Sprintf("good signature by %s, but the document is refused: %s", f.Signer.who(), reason)
	case f.Signature == good:
		return "good signature, but not by the endorser that the document names: " + reason
	}
	return reason
}

// who names the signer, and when. The name is whatever the certificate says:
// one that could be mistaken for the rest of the line is quoted.
func (e *Endorser) who() string {
	name := e.Name
	if strings.ContainsAny(name, `<>(),:"`) || strings.TrimSpace(name) != name || name == "" {
		name = strconv.Quote(name)
	}
	return fmt.Sprintf("%s <%s>, %s", name, e.Email, e.Created)
}
