// Package source finds out what a base image is: it tells the ways in which one
// can be named from each other, finds the signed description of what is not
// named by itself, and decides whether that may be used. It must not know how
// images are downloaded, kept or used, nor of flags, streams and exit codes
// beyond the errors that lib/fault offers.
package source

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
)

// Form is a way to name a base image.
type Form int

// The forms. The last three have signed descriptions.
const (
	File        Form = iota // the path of an image
	URL                     // of an image
	Identifier              // of an image
	Tag                     // of an endorser, as EMAIL/TAG
	Description             // the path or URL of a signed description
)

// Forms is the hint that tells the forms.
const Forms = "a base is the path of an image or of a signed description, the URL of an image with --base-sha256, the URL of a signed description, the IDENTIFIER of an image, or EMAIL/TAG"

// Base is what the user names.
type Base struct {
	Form   Form
	Text   string // as given
	SHA256 []byte // of a File or URL, nil if none is given
	local  bool   // of a Description: a path
}

// Described tells whether a signed description says what the image is.
func (b Base) Described() bool { return b.Form >= Identifier }

// tag is that of a Tag.
func (b Base) tag() string {
	_, tag, _ := strings.Cut(b.Text, "/")
	return tag
}

// Parse tells what a text names. sha256, in hexadecimal digits, is given with
// images that nobody describes, or empty. A path that exists is always that
// path; only its first bytes are read.
func Parse(text, sha256 string) (Base, error) {
	sum, err := hex.DecodeString(sha256)
	if err != nil || len(sum) != 0 && len(sum) != 32 {
		return Base{}, fault.Usagef("reading --base-sha256 %q: 64 hexadecimal digits are expected", sha256)
	}
	b := Base{Text: text, SHA256: sum}
	if sha256 == "" {
		b.SHA256 = nil
	}
	b.Form, b.local, err = form(text, b.SHA256 != nil)
	if err != nil {
		return Base{}, err
	}
	if b.Described() && b.SHA256 != nil {
		return Base{}, fault.Usagef("--base-sha256 is for images that nobody describes; %q is described by whoever signed it", text)
	}
	return b, nil
}

func form(text string, digested bool) (f Form, local bool, err error) {
	if _, err := os.Stat(text); err == nil || !errors.Is(err, fs.ErrNotExist) {
		if isXML(text) && !isAppliance(text) {
			return Description, true, nil
		}
		return File, true, nil
	}
	if scheme, _, isURL := strings.Cut(text, "://"); isURL {
		return formOfURL(text, scheme, digested)
	}
	email, tag, isTag := strings.Cut(text, "/")
	switch {
	case entry.IsIdentifier(text):
		return Identifier, false, nil
	case isTag && tag != "" && entry.IsEmail(email):
		return Tag, false, nil
	}
	return File, true, nil
}

func formOfURL(text, scheme string, digested bool) (f Form, local bool, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return 0, false, fault.Usagef("the URL of the base image cannot be read") // the error would quote a password
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "sftp", "file":
	default:
		return 0, false, fault.Usagef("reading the URL %q: its scheme is %q; allowed are %s", u.Redacted(), scheme, fetch.Schemes)
	}
	if u.User != nil && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		return 0, false, fault.Usagef("reading the URL %q: it holds a user", u.Redacted())
	}
	if digested {
		return URL, false, nil
	}
	return Description, false, nil
}

// isAppliance tells whether a path is that of an appliance's descriptor, which
// stands for its disk.
func isAppliance(path string) bool { return strings.EqualFold(filepath.Ext(path), ova.Extension) }

// isXML tells whether a file begins as a document does, and no disk image.
func isXML(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	return looksLikeXML(head[:n])
}

func looksLikeXML(head []byte) bool {
	head = head[:min(len(head), 512)]
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return bytes.HasPrefix(text, []byte("<")) && !bytes.Contains(head, []byte{0})
}
