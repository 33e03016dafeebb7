package mailer

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
)

// ParseAddress reads one address, with or without a name: jane@example.org or
// Jane Tester <jane@example.org>. What could be more than one address or line to
// any mail program is refused, and so is what not every server takes: addresses
// that are not in ASCII.
func ParseAddress(text string) (*mail.Address, error) {
	address, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("reading the mail address %q: %w", text, err)
	}
	if strings.ContainsFunc(address.Name, unicode.IsControl) {
		return nil, fmt.Errorf("reading the mail address %q: there are control characters in its name", text)
	}
	if strings.ContainsFunc(address.Address, unusual) || strings.HasPrefix(address.Address, "-") {
		return nil, fmt.Errorf("reading the mail address %q: user@host is expected, in plain letters", text)
	}
	return address, nil
}

// unusual tells which characters need quotes in an address, or are not ASCII.
func unusual(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("\"(),:;<>[\\]", r)
}
