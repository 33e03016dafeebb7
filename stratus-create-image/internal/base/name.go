package base

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/fetch"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base/ova"
)

// Form is a way to name a base.
type Form int

// The forms of a name. The last three have signed descriptions.
const (
	File        Form = iota // path of an image
	URL                     // URL of an image
	Identifier              // identifier of an image
	Tag                     // EMAIL/TAG, a tag of an endorser
	Description             // path or URL of a signed description
)

// Forms is a hint that lists the forms.
const Forms = "a base is the path of an image or of a signed description, the URL of an image with --base-sha256, the URL of a signed description, the IDENTIFIER of an image, or EMAIL/TAG"

// Name is the name of a base.
type Name struct {
	Form   Form
	Text   string // as given
	SHA256 []byte // of a File or URL, nil where it is not given
	local  bool   // a path
}

// Described reports whether a signed description says what the image is.
func (n Name) Described() bool { return n.Form >= Identifier }

// tag returns the tag in a name of the form Tag.
func (n Name) tag() string {
	_, tag, _ := strings.Cut(n.Text, "/")
	return tag
}

// ParseSHA256 reads a SHA-256 digest in hexadecimal digits.
func ParseSHA256(text string) ([]byte, error) { return diskimage.SHA256.Parse(text) }

// ParseName parses the name of a base. sha256 is the digest of an image without a
// signed description, or nil. A path that exists is always that path; only its
// first bytes are read. Errors are of kind report.Usage.
func ParseName(text string, sha256 []byte) (Name, error) {
	n := Name{Text: text, SHA256: sha256}
	email, tag, isTag := strings.Cut(text, "/")
	_, err := os.Stat(text)
	switch {
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		n.local = true
		if isXML(text) && !isAppliance(text) {
			n.Form = Description
		}
	case strings.Contains(text, "://"):
		n.Form = Description
		if sha256 != nil {
			n.Form = URL
		}
		if err := checkURL(text); err != nil {
			return Name{}, err
		}
	case entry.IsIdentifier(text):
		n.Form = Identifier
	case isTag && tag != "" && entry.IsEmail(email):
		n.Form = Tag
	default:
		n.local = true
	}
	if n.Described() && sha256 != nil {
		return Name{}, report.Usagef("--base-sha256 is for an image without a signed description, but %q has one", text)
	}
	return n, nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return report.Usagef("reading the URL of the base: not a valid URL") // the error of Parse quotes a password
	}
	switch u.Scheme {
	case "http", "https":
		if u.User != nil {
			return report.Usagef("reading the URL %q: a user name is not supported in it", u.Redacted())
		}
	case "sftp", "file":
	default:
		return report.Usagef("reading the URL %q: the scheme %q is not supported; want %s", u.Redacted(), u.Scheme, fetch.Schemes)
	}
	return nil
}

// isAppliance reports whether a path is that of an appliance's descriptor.
func isAppliance(path string) bool { return strings.EqualFold(filepath.Ext(path), ova.Extension) }

// isXML reports whether a file begins as an XML document.
func isXML(path string) bool {
	f, err := files.OpenRegular(path, os.O_RDONLY, true)
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
