package signature

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/metadata"
)

// DistinguishedName writes the DER of a distinguished name, as RawSubject and
// RawIssuer of a certificate have it, as Java's X500Principal.getName() does:
// the most specific part first, in the manner of RFC 2253. Endorsements hold
// names in this form, and readers compare them byte by byte. A name that XML
// cannot hold is an error.
//
// Go's pkix.Name differs: it reorders and merges parts and writes other
// keywords.
func DistinguishedName(der []byte) (string, error) {
	var name []relativeNameSET
	if rest, err := asn1.Unmarshal(der, &name); err != nil {
		return "", fmt.Errorf("reading a distinguished name: %w", err)
	} else if len(rest) > 0 {
		return "", fmt.Errorf("reading a distinguished name: %d bytes after its end", len(rest))
	}
	parts := make([]string, len(name))
	for i, relative := range name {
		parts[len(name)-1-i] = relative.String()
	}
	text := strings.Join(parts, ",")
	if !metadata.ValidText(text) {
		return "", fmt.Errorf("reading the distinguished name %q: it holds characters that XML does not allow", text)
	}
	return text, nil
}

// relativeNameSET is one part of a name; encoding/asn1 takes its kind from the
// end of the type's name.
type relativeNameSET []nameAttribute

type nameAttribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// String joins the attributes in the order in which they are encoded.
func (r relativeNameSET) String() string {
	parts := make([]string, len(r))
	for i, attribute := range r {
		parts[i] = attribute.String()
	}
	return strings.Join(parts, "+")
}

// keywords are the attribute types that RFC 2253 names; all others stay numbers.
var keywords = map[string]string{
	"2.5.4.3":                    "CN",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "ST",
	"2.5.4.9":                    "STREET",
	"2.5.4.10":                   "O",
	"2.5.4.11":                   "OU",
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
}

func (a nameAttribute) String() string {
	keyword, known := keywords[a.Type.String()]
	if !known || !isString(a.Value) {
		if !known {
			keyword = a.Type.String()
		}
		return keyword + "=#" + hex.EncodeToString(a.Value.FullBytes)
	}
	// Java reads the bytes of every kind of string as UTF-8, and takes U+FFFD
	// for each byte that is none.
	return keyword + "=" + escapeName(string([]rune(string(a.Value.Bytes))))
}

func isString(v asn1.RawValue) bool {
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagT61String, asn1.TagIA5String, asn1.TagGeneralString, asn1.TagBMPString:
		return v.Class == asn1.ClassUniversal
	}
	return false
}

// escapeName puts a backslash before what is special, and before every space
// and carriage return at the beginning and at the end.
func escapeName(s string) string {
	const blanks = " \r"
	text := strings.Trim(s, blanks)
	lead := s[:len(s)-len(strings.TrimLeft(s, blanks))]
	trail := s[min(len(lead)+len(text), len(s)):]
	var b strings.Builder
	for _, r := range lead {
		b.WriteString(`\` + string(r))
	}
	for _, r := range text {
		if r == 0 {
			b.WriteString(`\00`)
			continue
		}
		if strings.ContainsRune(`,=+<>#;"\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	for _, r := range trail {
		b.WriteString(`\` + string(r))
	}
	return b.String()
}

// Fingerprint returns the SHA-256 digest of the certificate as 32 pairs of
// upper-case hexadecimal digits joined by colons, as
// `openssl x509 -fingerprint -sha256` prints it.
func Fingerprint(c *x509.Certificate) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(c.Raw)), " ", ":")
}
