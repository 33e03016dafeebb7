// Package entry defines what a Marketplace holds: signed descriptions of images,
// each under its own key, and the rules by which a Marketplace accepts, lists and
// finds them. Publishers, servers and searches apply the same rules.
//
// It must not know where entries are kept, nor who is trusted.
package entry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// MaxBytes is the length of the longest document of an entry.
const MaxBytes = signature.MaxBytes

// ErrSyntax is wrapped by every error about a document that is not well-formed XML.
var ErrSyntax = strictxml.ErrSyntax

// ErrInvalid is wrapped by every error about an invalid entry: a bad signature, an
// unsound document, a key that is not that of the document. Its kind is
// report.BadInput.
var ErrInvalid = report.BadInputf("invalid entry")

// Key names an entry. No two entries of a Marketplace have the same key.
type Key struct {
	Identifier string `json:"identifier"` // of the image
	Email      string `json:"email"`      // of the endorser
	Created    string `json:"created"`    // time of the endorsement, as metadata.FormatTime writes it
	// Variant is empty for the first entry of an image, an address and a second.
	// An entry of that second by another certificate has the SHA-256 fingerprint
	// of its certificate here, in lower-case hexadecimal digits.
	Variant string `json:"variant,omitempty"`
}

// maxEmail bounds an address, which is the name of a directory as well.
const maxEmail = 200

// ParseKey makes a key of the parts of a path. name is CREATED or
// CREATED.VARIANT. A part that is not valid is an error that wraps ErrInvalid, so
// that no part can be mistaken for another, nor lead elsewhere in a path.
func ParseKey(identifier, email, name string) (Key, error) {
	created, variant, hasVariant := strings.Cut(name, ".")
	switch {
	case !IsIdentifier(identifier):
		return Key{}, fmt.Errorf("%w: not a valid identifier: %.200q", ErrInvalid, identifier)
	case !IsEmail(email):
		return Key{}, fmt.Errorf("%w: not a valid e-mail address: %.200q", ErrInvalid, email)
	case !IsTime(created) || hasVariant && !isVariant(variant):
		return Key{}, fmt.Errorf("%w: not a valid time of endorsement: %.200q", ErrInvalid, name)
	}
	return Key{identifier, email, created, variant}, nil
}

// ParsePath makes a key of a path that ends in the form of Path.
func ParsePath(path string) (Key, error) {
	parts := strings.Split(path, "/")
	if len(parts) < 4 || parts[len(parts)-4] != Root {
		return Key{}, fmt.Errorf("%w: not a valid path of an entry: %.200q; want %s/IDENTIFIER/EMAIL/CREATED", ErrInvalid, path, Root)
	}
	parts = parts[len(parts)-3:]
	return ParseKey(parts[0], parts[1], parts[2])
}

// IsIdentifier reports whether s is the identifier of an image.
func IsIdentifier(s string) bool {
	_, err := metadata.DecodeIdentifier(s)
	return err == nil
}

// IsEmail reports whether s can be the address in a key.
func IsEmail(s string) bool { return len(s) <= maxEmail && metadata.ValidEmail(s) }

// IsTime reports whether s is a time as metadata.FormatTime writes it.
func IsTime(s string) bool {
	_, err := metadata.ParseTime(s)
	return err == nil
}

func isVariant(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}

// Root is the first part of every path.
const Root = "metadata"

// Name returns the last part of the path, CREATED or CREATED.VARIANT.
func (k Key) Name() string {
	if k.Variant == "" {
		return k.Created
	}
	return k.Created + "." + k.Variant
}

// Path returns the path of the entry below the root of a registry and below the URL
// of a Marketplace: "metadata/IDENTIFIER/EMAIL/NAME".
func (k Key) Path() string {
	return strings.Join([]string{Root, k.Identifier, k.Email, k.Name()}, "/")
}

// URLPath returns Path in the form of a URL.
func (k Key) URLPath() string {
	return strings.Join([]string{Root, k.Identifier, url.PathEscape(k.Email), k.Name()}, "/")
}

// maxTagName bounds the name of the directory of a tag, in bytes.
const maxTagName = 200

// TagPath returns the directory of a tag, "tag/EMAIL/TAG". It is empty if there is
// no tag, or one that is too long for the name of a directory. Control characters,
// "/", "\", "%" and a leading "." are escaped as in a URL; other bytes stand for
// themselves.
func TagPath(email, tag string) string {
	var b strings.Builder
	for i := range len(tag) {
		switch c := tag[i]; {
		case c < ' ', c == 0x7F, c == '/', c == '\\', c == '%', c == '.' && i == 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	if b.Len() == 0 || b.Len() > maxTagName {
		return ""
	}
	return "tag/" + email + "/" + b.String()
}

// Entry is a signed description.
type Entry struct {
	Key
	Source   []byte              // as signed, every byte
	Endorsed *signature.Endorsed // nil if it has not been verified
}

// Verify reads a signed document. It must have one good signature by the endorser
// that it names, and be sound; Admit applies what else a Marketplace requires.
// Errors wrap ErrInvalid, and the *signature.Error that says why.
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

// Claim reads a document without verifying it. The entry has no Endorsed, and its
// key is what the document says. It is for sending to a Marketplace that verifies.
// Errors wrap ErrInvalid.
func Claim(src []byte) (*Entry, error) {
	d, err := metadata.Parse(src)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	says, ok := d.Endorsement()
	if !ok {
		return nil, fmt.Errorf("%w: it has no endorsement", ErrInvalid)
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
	if k.Variant != "" && k.Variant == e.variant() {
		e.Variant = k.Variant
	}
	if e.Key != k {
		return nil, fmt.Errorf("%w: found at %q, but the signed document is %q", ErrInvalid, k.Path(), e.Path())
	}
	return e, nil
}

// AsVariant returns the entry under the key for an entry whose second is taken by
// another certificate. The entry must have been verified.
func (e *Entry) AsVariant() *Entry {
	other := *e
	other.Variant = e.variant()
	return &other
}

func (e *Entry) variant() string {
	digest := sha256.Sum256(e.Endorsed.Certificate.Raw)
	return hex.EncodeToString(digest[:])
}

// Slack is how far in the future an endorsement may be dated, because clocks differ.
const Slack = 5 * time.Minute

// NotAdmitted is the error about an entry that a Marketplace refuses by its rules.
type NotAdmitted struct {
	// Reason uses the words of the original Marketplace where it has some.
	Reason string
}

func (e *NotAdmitted) Error() string { return "invalid metadata: " + e.Reason }

// NotAdmittedf returns a *NotAdmitted, marked as of kind report.Refused.
func NotAdmittedf(format string, args ...any) error {
	return report.Mark(report.Refused, &NotAdmitted{fmt.Sprintf(format, args...)})
}

// Admit decides whether a Marketplace accepts the entry at the time now. latest is
// the time of the newest entry that it has of the same series, or empty. The error wraps a *NotAdmitted and is of kind report.Refused.
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

// Receipt is the answer to a publication.
type Receipt struct {
	URL     string // of the entry; empty while it is pending
	Existed bool   // the same document was there already
	Pending bool   // not visible before the endorser has followed a link in a mail
}
