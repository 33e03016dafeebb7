package credential

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/stratuslab/stratus/lib/report"
)

// attempts is how often a person may mistype a passphrase.
const attempts = 3

// errPassphrase is the error of a file that the passphrase does not open.
var errPassphrase = errors.New("the passphrase is wrong")

// NewPassphrase returns the passphrase for a new file. A person at the terminal
// is asked twice.
func (s *Source) NewPassphrase(ctx context.Context) (passphrase string, err error) {
	defer preferCause(ctx, &err)
	if s.Passphrase != nil {
		passphrase, err = s.Passphrase()
	} else {
		passphrase, err = askTwice(ctx)
	}
	if err != nil {
		return "", err
	}
	return passphrase, checkEncodable(passphrase)
}

// unlock calls try with the passphrase that the user has set up, or with what a
// person types if there is none and mayAsk; try returns errPassphrase for a wrong
// one. A file that opens with the empty passphrase never makes anyone type.
func (s *Source) unlock(ctx context.Context, name string, mayAsk bool, try func(passphrase string) error) error {
	const hint = "it is the one with which the file was made or exported"
	given, passphrase := s.Passphrase != nil, ""
	if given {
		var err error
		if passphrase, err = s.Passphrase(); err != nil {
			return err
		}
	}
	if err := try(passphrase); !errors.Is(err, errPassphrase) {
		return err
	}
	if !given && !mayAsk {
		return report.Credentialsf("opening %q: %w", name, errPassphrase)
	}
	if given {
		return report.WithHint(report.Credentialsf("opening %q: %w: it came from %s", name, errPassphrase, s.From), hint)
	}
	for n := range attempts {
		if n > 0 {
			s.log.Warnf("%v", errPassphrase)
		}
		passphrase, err := ask(ctx, fmt.Sprintf("Passphrase for %q: ", name))
		if err != nil {
			return err
		}
		if err := try(passphrase); !errors.Is(err, errPassphrase) {
			return err
		}
	}
	return report.WithHint(report.Credentialsf("opening %q: %w, %d times", name, errPassphrase, attempts), hint)
}

// checkEncodable refuses passphrases that PKCS#12 files cannot have here: the
// format has UCS-2, and what is not UTF-8 would silently become another one.
func checkEncodable(passphrase string) error {
	if !utf8.ValidString(passphrase) {
		return report.WithHint(report.Credentialsf("reading the passphrase: it is not UTF-8"), "type it in a UTF-8 terminal, or choose another one")
	}
	for _, r := range passphrase {
		if r > 0xFFFF {
			return report.WithHint(report.Credentialsf("reading the passphrase: it holds a character beyond U+FFFF, which not all PKCS#12 software supports"),
				"choose one without emoji and the like")
		}
	}
	return nil
}
