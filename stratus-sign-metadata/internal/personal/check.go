package personal

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/strictxml"
)

const (
	rsa3072 = "rsa3072"
	p256    = "p256"

	maxDays  = 3650
	maxName  = 64  // characters, of X.520
	maxEmail = 254 // bytes, of RFC 5321
)

// countryPattern is the form of the codes of ISO 3166.
var countryPattern = regexp.MustCompile(`^[A-Za-z]{2}$`)

// check refuses options of which no certificate can be made, and brings the
// country into its usual form.
func check(o *Options) error {
	switch {
	case o.Path == "" || o.Path == "-":
		return fault.Usagef("reading --new-certificate=%q: the name of a file is expected", o.Path)
	case o.Email == "":
		return fault.WithHint(fault.Usagef("--new-certificate needs the owner's address"), "such as --email jane@example.org")
	case len(o.Email) > maxEmail || !metadata.ValidEmail(o.Email):
		return fault.WithHint(fault.Usagef("reading --email=%q: an address is expected", o.Email), "such as --email jane@example.org")
	case o.Country != "" && !countryPattern.MatchString(o.Country):
		return fault.WithHint(fault.Usagef("reading --country=%q: two letters are expected", o.Country), "such as --country FR")
	case o.Days < 1 || o.Days > maxDays:
		return fault.Usagef("reading --days=%d: 1 to %d is expected", o.Days, maxDays)
	case o.Key != rsa3072 && o.Key != p256:
		return fault.Usagef("reading --key=%q: %s or %s is expected", o.Key, rsa3072, p256)
	case o.Name == "":
		return fault.WithHint(fault.Usagef("--new-certificate needs the owner's name"), "such as --name 'Jane Tester'")
	}
	if err := checkText(o.Name); err != nil {
		return fault.Usagef("reading --name=%q: %w", o.Name, err)
	}
	if err := checkText(o.Organization); err != nil {
		return fault.Usagef("reading --organization=%q: %w", o.Organization, err)
	}
	o.Country = strings.ToUpper(o.Country)
	return nil
}

// checkText refuses what cannot stand in a certificate, or not in the
// documents that name its owner.
func checkText(text string) error {
	switch n := utf8.RuneCountInString(text); {
	case n > maxName:
		return fmt.Errorf("it has %d characters, at most %d are allowed", n, maxName)
	case !strictxml.ValidText(text) || strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("it holds a character that cannot stand in a document")
	case strings.TrimSpace(text) != text:
		return errors.New("it begins or ends with white space")
	}
	return nil
}
