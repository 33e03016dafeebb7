package credential

import (
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	// maxRounds bounds how often a file may have its passphrase hashed for one
	// of its parts, as far as that can be seen without it: a few seconds.
	// OpenSSL asks for 2048 rounds, browsers for 600 000.
	maxRounds = 5_000_000
	// maxDepth is more than the nesting of PKCS#12 down to the last count.
	maxDepth = 32
)

var errRounds = errors.New("it takes more work to open than is sensible")

// checkDER tells why the data cannot be one DER value of sensible work.
func checkDER(data []byte) error {
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(data, &outer)
	var syntax asn1.SyntaxError
	switch {
	case len(data) == 0 || data[0] != 0x30:
		return errForeign
	case errors.As(err, &syntax):
		return errShort
	case err != nil:
		return errForeign
	case len(rest) > 0:
		return fmt.Errorf("it is damaged: %d bytes follow its end", len(rest))
	}
	return checkRounds(outer.Bytes, maxDepth)
}

// checkRounds looks for the counts of rounds, each of which is an INTEGER
// after the octets of a salt: the libraries take any. What is no DER is passed
// over here.
func checkRounds(der cryptobyte.String, depth int) error {
	const number = 0x1f // of a tag, without its class
	var before cryptobyteasn1.Tag
	for depth > 0 && !der.Empty() {
		var value cryptobyte.String
		var tag cryptobyteasn1.Tag
		if !der.ReadAnyASN1(&value, &tag) {
			break
		}
		if tag == cryptobyteasn1.INTEGER && before&number == cryptobyteasn1.OCTET_STRING {
			if err := checkCount(value); err != nil {
				return err
			}
		}
		before = tag
		if tag&0x20 != 0 || tag == cryptobyteasn1.OCTET_STRING {
			if err := checkRounds(value, depth-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkCount(integer []byte) error {
	var n int64
	for _, b := range integer[:min(len(integer), 6)] {
		n = n<<8 | int64(b)
	}
	if n > maxRounds {
		return fmt.Errorf("%w: the passphrase would be hashed %d times, at most %d are allowed", errRounds, n, maxRounds)
	}
	return nil
}
