// Package entry says what a Marketplace holds: signed descriptions of images,
// each under a key of its own, and the rules by which it takes them in and
// lists them. Whoever publishes, serves or searches applies these rules.
//
// It must not know where entries are kept, nor whom anybody trusts: it reads
// bytes that it is given.
package entry

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
)

// ErrInvalid is wrapped by every error about an entry that is not one: a bad
// signature, an unsound document, a key that is not that of the document. Its kind
// is fault.BadInput.
var ErrInvalid = fault.BadInputf("invalid entry")

// Key names an entry. Nobody can have two entries of one key.
type Key struct {
	Identifier string `json:"identifier"` // of the image
	Email      string `json:"email"`      // of the endorser
	Created    string `json:"created"`    // time of the endorsement, as metadata.FormatTime writes it
}

// maxEmail bounds an address, which is the name of a file as well.
const maxEmail = 200

// ParseKey makes a key of its parts. All of them must be well-formed, so that
// none can be mistaken for another, nor lead elsewhere as a part of a path.
func ParseKey(identifier, email, created string) (Key, error) {
	if !IsIdentifier(identifier) {
		return Key{}, fmt.Errorf("%w: identifier %q", ErrInvalid, clip(identifier))
	}
	if !IsEmail(email) {
		return Key{}, fmt.Errorf("%w: e-mail address %q", ErrInvalid, clip(email))
	}
	if !IsTime(created) {
		return Key{}, fmt.Errorf("%w: time of endorsement %q", ErrInvalid, clip(created))
	}
	return Key{identifier, email, created}, nil
}

// ParsePath makes a key of a path, or the end of one, in the form of Path.
func ParsePath(path string) (Key, error) {
	parts := strings.Split(path, "/")
	if len(parts) < 4 || parts[len(parts)-4] != Root {
		return Key{}, fmt.Errorf("%w: path %q; want %s/IDENTIFIER/EMAIL/CREATED", ErrInvalid, clip(path), Root)
	}
	parts = parts[len(parts)-3:]
	return ParseKey(parts[0], parts[1], parts[2])
}

// IsIdentifier tells whether a word is the identifier of an image.
func IsIdentifier(s string) bool {
	_, err := metadata.DecodeIdentifier(s)
	return err == nil
}

// IsEmail tells whether a word can be the address in a key.
func IsEmail(s string) bool { return len(s) <= maxEmail && metadata.ValidEmail(s) }

// IsTime tells whether a word is the time in a key.
func IsTime(s string) bool {
	_, err := metadata.ParseTime(s)
	return err == nil
}

// Root is the first part of every path.
const Root = "metadata"

// Path is where the entry is, below the root of a registry and below the URL of
// a Marketplace: "metadata/IDENTIFIER/EMAIL/CREATED".
func (k Key) Path() string {
	return strings.Join([]string{Root, k.Identifier, k.Email, k.Created}, "/")
}

// URLPath is Path as it is written in a URL.
func (k Key) URLPath() string {
	return strings.Join([]string{Root, k.Identifier, url.PathEscape(k.Email), k.Created}, "/")
}

// Entry is a signed description.
type Entry struct {
	Key
	Source   []byte              // as signed, every byte
	Endorsed *signature.Endorsed // nil where nobody has verified it
}

// Verify reads a signed document. It must have one good signature of whom it
// names, and be sound; see Admit for what else a Marketplace wants. Errors wrap
// ErrInvalid, and the *signature.Error that says why.
func Verify(src []byte) (*Entry, error) {
	by, err := signature.Verify(src)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	key, err := ParseKey(by.Document.Text(metadata.Identifier), by.Email, metadata.FormatTime(by.Created))
	if err != nil {
		return nil, err
	}
	return &Entry{Key: key, Source: src, Endorsed: by}, nil
}

// Claim reads a document without verifying anything: what comes back has no
// Endorsed, and its key is what the document says of itself. It is for sending
// to whom will verify. Errors wrap ErrInvalid.
func Claim(src []byte) (*Entry, error) {
	d, err := metadata.Parse(src)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	says, ok := d.Endorsement()
	if !ok {
		return nil, fmt.Errorf("%w: nobody endorses it", ErrInvalid)
	}
	key, err := ParseKey(d.Text(metadata.Identifier), says.Email, says.Created)
	if err != nil {
		return nil, err
	}
	return &Entry{Key: key, Source: src}, nil
}

// VerifyAs is Verify for a document that was found under a key.
func VerifyAs(k Key, src []byte) (*Entry, error) {
	e, err := Verify(src)
	if err != nil {
		return nil, err
	}
	if e.Key != k {
		return nil, fmt.Errorf("%w: found as %q, but the signed document is %q", ErrInvalid, k.Path(), e.Path())
	}
	return e, nil
}

// Slack is how far in the future an endorsement may be dated: clocks differ.
const Slack = 5 * time.Minute

// NotAdmitted says why a Marketplace does not take an entry in.
type NotAdmitted struct {
	// Reason is in the words of the original Marketplace where it has some.
	Reason string
}

func (e *NotAdmitted) Error() string { return "invalid metadata: " + e.Reason }

// NotAdmittedf returns a *NotAdmitted, marked as of kind fault.Refused.
func NotAdmittedf(format string, args ...any) error {
	return fault.Mark(fault.Refused, &NotAdmitted{fmt.Sprintf(format, args...)})
}

// Admit decides whether a Marketplace takes the entry in, at the time now.
// latest is the time of the newest entry that it has of the same series, or
// empty. The error wraps a *NotAdmitted and is of kind fault.Refused.
func (e *Entry) Admit(latest string, now time.Time) error {
	if err := e.Endorsed.Document.Check(metadata.Complete); err != nil {
		return NotAdmittedf("%v", err)
	}
	if e.Endorsed.Created.After(now.Add(Slack)) {
		return NotAdmittedf("dated in the future: got %s, it is %s", e.Created, metadata.FormatTime(now))
	}
	if e.Created <= latest {
		return NotAdmittedf("older than latest entry: got %s, there is one of %s", e.Created, latest)
	}
	return nil
}

// clip shortens what is quoted from elsewhere.
func clip(s string) string { return s[:min(len(s), 200)] }
