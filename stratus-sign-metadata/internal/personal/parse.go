package personal

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stratuslab/stratus/lib/metadata"
)

// Key is a kind of key.
type Key string

// The kinds of keys.
const (
	RSA3072 Key = "rsa3072"
	P256    Key = "p256"
)

const (
	maxDays  = 3650
	maxName  = 64  // characters, of X.520
	maxEmail = 254 // bytes, of RFC 5321
)

// ParseKey reads the name of a kind.
func ParseKey(text string) (Key, error) {
	switch key := Key(text); key {
	case RSA3072, P256:
		return key, nil
	}
	return "", fmt.Errorf("not supported; want %s or %s", RSA3072, P256)
}

// ParseEmail reads an address.
func ParseEmail(text string) (string, error) {
	if len(text) > maxEmail || !metadata.ValidEmail(text) {
		return "", errors.New("not a valid address")
	}
	return text, nil
}

// countryForm is that of the codes of ISO 3166.
var countryForm = regexp.MustCompile(`^[A-Za-z]{2}$`)

// ParseCountry reads the code of a country, or nothing.
func ParseCountry(text string) (string, error) {
	if text != "" && !countryForm.MatchString(text) {
		return "", errors.New("not a valid country: want two letters, such as FR")
	}
	return strings.ToUpper(text), nil
}

// ParseDays reads for how long a certificate is valid.
func ParseDays(text string) (int, error) {
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > maxDays {
		return 0, fmt.Errorf("not a valid number of days: want 1 to %d", maxDays)
	}
	return days, nil
}

// ParseName reads the name of a person or an organization. It refuses what cannot
// stand in a certificate, or not in the documents that name its owner.
func ParseName(text string) (string, error) {
	switch n := utf8.RuneCountInString(text); {
	case n > maxName:
		return "", fmt.Errorf("%d characters, at most %d", n, maxName)
	case !metadata.ValidText(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", errors.New("it holds a character that cannot stand in a document")
	case strings.TrimSpace(text) != text:
		return "", errors.New("it begins or ends with white space")
	}
	return text, nil
}
