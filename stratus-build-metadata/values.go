package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
)

var errCharacters = errors.New("it holds characters that XML does not allow, or is not UTF-8")

func anything(string) error { return nil }

func something(value string) error {
	if strings.TrimSpace(value) == "" {
		return errors.New("it is empty")
	}
	return nil
}

func identifier(value string) error {
	_, err := metadata.DecodeIdentifier(value)
	return err
}

// uriLetters is the alphabet of RFC 3986, after a scheme.
var uriLetters = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$`)

// location wants a URI that stands for itself, and a host where the scheme
// needs one.
func location(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.IsAbs() && !uriLetters.MatchString(value):
		return errors.New("an absolute URI is expected, with spaces and other special characters written as %20 and the like")
	case !u.IsAbs():
		return errors.New("an absolute URI is expected, such as https://example.org/image.qcow2")
	case u.Host == "" && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ftp"):
		return errors.New("the host is missing")
	}
	return nil
}

// maxDays bounds --valid-for; a hundred years are a slip of the finger.
const maxDays = 36500

// days reads "180" or "180d".
func days(value string) (time.Duration, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(value, "d"), 10, 32)
	if err != nil || n < 1 || n > maxDays {
		return 0, fmt.Errorf("a number of days from 1 to %d is expected", maxDays)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}
