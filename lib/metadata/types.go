package metadata

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/strictxml"
)

const (
	decimalDigits      = "0123456789"
	identifierAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// textForm is a type of text. It returns "" for a text that has the form, and
// says what is allowed for any other.
type textForm func(text string) (allowed string)

// sltermsForms are the optional terms of StratusLab.
var sltermsForms = map[string]textForm{
	"serial-number": decimalForm,
	"inbound-port":  atMost(math.MaxUint16),
	"outbound-port": atMost(math.MaxUint16),
	"icmp":          atMost(math.MaxUint8),
	"location":      uriForm,
	"version":       anyForm,
	"deprecated":    anyForm,
	"os":            anyForm,
	"os-arch":       anyForm,
	"os-version":    anyForm,
	"hypervisor":    anyForm,
	"kind":          anyForm,
	"disks-bus":     anyForm,
	"tag":           anyForm,
	"compression":   anyForm,
}

func anyForm(string) string { return "" }

func decimalForm(text string) string {
	if text != "" && strings.Trim(text, decimalDigits) == "" {
		return ""
	}
	return "decimal digits"
}

// atMost returns the form of numbers up to that one.
func atMost(most int64) textForm {
	return func(text string) string {
		if n, ok := parseNumber(text); ok && n <= most {
			return ""
		}
		return fmt.Sprintf("decimal digits, at most %d", most)
	}
}

var bytesForm = atMost(math.MaxInt64)

// parseNumber reads decimal digits without a sign.
func parseNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && decimalForm(text) == ""
}

func hexForm(text string) string {
	if text != "" && strings.Trim(text, "0123456789abcdefABCDEF") == "" {
		return ""
	}
	return "hexadecimal digits"
}

// algorithmForm refuses other spellings of known names: some readers take them
// for the same algorithm and some do not.
func algorithmForm(text string) string {
	for _, a := range diskimage.Algorithms() {
		if text != string(a) && foldAlgorithm(text) == foldAlgorithm(string(a)) {
			return string(a)
		}
	}
	if text == "" {
		return "a name such as " + string(diskimage.SHA1)
	}
	return ""
}

// foldAlgorithm reduces a name as the Python reader does.
func foldAlgorithm(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "")
}

var emailPattern = regexp.MustCompile(`^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$`)

// ValidText reports whether a document can hold a text: UTF-8 without the
// characters that XML forbids.
func ValidText(text string) bool { return strictxml.ValidText(text) }

// ValidEmail reports whether an endorsement can hold an e-mail address.
func ValidEmail(address string) bool { return emailPattern.MatchString(address) }

func emailForm(text string) string {
	if ValidEmail(text) {
		return ""
	}
	return "letters, digits and . _ % + - before one @, letters, digits and . - after it"
}

// uriForm accepts what can be used as a URI as it stands, characters beyond
// ASCII included; the empty text is a (relative) URI as well.
func uriForm(text string) string {
	for i, r := range text {
		switch {
		case r <= ' ' || r == 0x7F || strings.ContainsRune("\"<>\\^`{|}", r):
			return fmt.Sprintf("a URI, in which %q is written %%%02X", r, r)
		case r == '%':
			if escape := text[i+1 : min(i+3, len(text))]; len(escape) < 2 || hexForm(escape) != "" {
				return `a URI, in which "%" is written %25 unless two hexadecimal digits follow`
			}
		}
	}
	if _, err := url.Parse(text); err != nil {
		return "a URI such as https://example.org/image.img.gz"
	}
	return ""
}

// identifierLength is the number of base 64 digits that hold 160 bits.
const identifierLength = 27

// IdentifierOf returns the identifier of the uncompressed image that has the
// given SHA-1 digest of 20 bytes: the digest as a number in base 64, the most
// significant digit first, 27 characters. It is empty for any other length.
func IdentifierOf(digest []byte) string {
	if len(digest) != sha1.Size {
		return ""
	}
	// A zero byte in front makes the bits fill base64 digits from the right,
	// and one digit too many, which is zero.
	padded := append([]byte{0}, digest...)
	return base64.RawURLEncoding.EncodeToString(padded)[1:]
}

// DecodeIdentifier returns the SHA-1 digest, 20 bytes, that an identifier
// stands for.
func DecodeIdentifier(id string) ([]byte, error) {
	const zero = "A"
	padded, err := base64.RawURLEncoding.DecodeString(zero + id)
	if err != nil || len(id) != identifierLength || len(padded) != 1+sha1.Size || padded[0] != 0 {
		return nil, fmt.Errorf("image identifier %.80q is not %d of the characters A-Z a-z 0-9 - _, the first of them A to P",
			id, identifierLength)
	}
	return padded[1:], nil
}

const timeLayout = "2006-01-02T15:04:05Z"

// FormatTime writes a time as image metadata has it, in UTC and to the second:
// 2006-01-02T15:04:05Z.
func FormatTime(t time.Time) string {
	return t.UTC().Format(timeLayout)
}

// ParseTime reads what FormatTime writes, and nothing else.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	// time.Parse lets pass single digits and fractions of a second.
	if err != nil || FormatTime(t) != s {
		return time.Time{}, fmt.Errorf("time %.80q is not a UTC time such as %q", s, timeLayout)
	}
	return t, nil
}

// DefaultValidity is how long a description is valid where nothing else is
// said. The documentation of StratusLab promises six months.
const DefaultValidity = 180 * 24 * time.Hour
