package describe

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

// AnyText reads a text that a document can hold.
func AnyText(value string) (string, error) {
	if !metadata.ValidText(value) {
		return "", errors.New("not a valid text: it is not UTF-8 or has characters that XML does not allow")
	}
	return value, nil
}

// SomeText reads a text that is more than white space.
func SomeText(value string) (string, error) {
	if strings.TrimSpace(value) == "" {
		return "", errors.New("not a valid text: it is empty")
	}
	return AnyText(value)
}

// ParseIdentifier reads the identifier of an image.
func ParseIdentifier(value string) (string, error) {
	_, err := metadata.DecodeIdentifier(value)
	return value, err
}

// uriLetters is the alphabet of RFC 3986, after a scheme.
var uriLetters = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$`)

// ParseLocation reads an absolute URI, with a host where the scheme needs one.
func ParseLocation(value string) (string, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.IsAbs() && !uriLetters.MatchString(value):
		return "", errors.New("not a valid URI; write spaces and other special characters as %20 and the like")
	case !u.IsAbs():
		return "", errors.New("not a valid absolute URI, such as https://example.org/image.qcow2")
	case u.Host == "" && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ftp"):
		return "", errors.New("not a valid URI: it has no host")
	}
	return value, nil
}

// maxDays bounds ParseDays; a hundred years are a slip of the finger.
const maxDays = 36500

// ParseDays reads a number of days such as "180" or "180d".
func ParseDays(value string) (time.Duration, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(value, "d"), 10, 32)
	if err != nil || n < 1 || n > maxDays {
		return 0, fmt.Errorf("not a valid number of days; want 1 to %d", maxDays)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}
