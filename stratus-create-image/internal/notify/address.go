package notify

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
)

// ParseAddress reads one address, with or without a name: jane@example.org or
// Jane Tester <jane@example.org>. It refuses what could be more than one address
// or line to any mail program, and addresses that are not in ASCII, which not
// every server accepts.
func ParseAddress(text string) (*mail.Address, error) {
	address, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("not a valid mail address: %w", err)
	}
	if strings.ContainsFunc(address.Name, unicode.IsControl) {
		return nil, errors.New("not a valid mail address: its name contains control characters")
	}
	if strings.ContainsFunc(address.Address, unusual) || strings.HasPrefix(address.Address, "-") {
		return nil, errors.New("not a valid mail address; want user@host in ASCII")
	}
	return address, nil
}

// unusual reports whether a character needs quotes in an address, or is not ASCII.
func unusual(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("\"(),:;<>[\\]", r)
}
