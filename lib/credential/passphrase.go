package credential

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// attempts is how often a person may mistype a passphrase.
const attempts = 3

// errPassphrase is the error of a file that the passphrase does not open.
var errPassphrase = errors.New("the passphrase is wrong")

// NewPassphrase returns the passphrase for a new file. A person at the terminal
// is asked twice.
func (s *Source) NewPassphrase(ctx context.Context) (string, error) {
	passphrase, given, err := s.given(ctx)
	if err == nil && !given {
		passphrase, err = askTwice(ctx)
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
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
	passphrase, given, err := s.given(ctx)
	if err != nil {
		return err
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

// given reads the passphrase from the source that the user has set up, if any.
// An empty passphrase is one: an empty file is not.
func (s *Source) given(ctx context.Context) (passphrase string, given bool, err error) {
	switch {
	case s.From == "":
		return "", false, nil
	case s.File != "":
		passphrase, err = fromFile(ctx, strconv.Quote(s.File), func() (*os.File, error) { return os.Open(s.File) })
	case s.Descriptor != 0:
		name := strconv.Itoa(s.Descriptor)
		passphrase, err = fromFile(ctx, "descriptor "+name, func() (*os.File, error) { return os.NewFile(uintptr(s.Descriptor), name), nil })
	case s.Text != nil:
		passphrase, err = s.Text()
	default:
		if passphrase, err = s.fromCommand(ctx); err != nil {
			err = report.Credentialsf("running the passphrase command %q: %w", s.Command, err)
		}
	}
	return passphrase, true, err
}

func fromFile(ctx context.Context, name string, open func() (*os.File, error)) (string, error) {
	passphrase, err := files.Await(ctx, func() (string, error) {
		f, err := open()
		if err != nil {
			return "", err
		}
		defer f.Close()
		return files.FirstLine(f)
	})
	if err != nil {
		return "", report.Credentialsf("%w: reading %s: %w", ErrPassphrase, name, files.WithoutName(err))
	}
	return passphrase, nil
}

// fromCommand runs the user's command, which has the terminal to ask on, but
// not standard input: that is for documents.
func (s *Source) fromCommand(ctx context.Context) (string, error) {
	command := exec.CommandContext(ctx, "sh", "-c", s.Command)
	command.Stderr = s.stderr
	command.WaitDelay = time.Second // for what the shell leaves behind
	out, err := command.Output()
	if err != nil {
		return "", cmp.Or(ctx.Err(), err)
	}
	return files.FirstLine(bytes.NewReader(out))
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
