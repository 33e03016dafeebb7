package credential

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// ask prompts on the terminal itself, so that the standard streams stay free
// for data, and reads a line without showing it. It leaves the terminal as it
// found it, also when the context ends first.
func ask(ctx context.Context, prompt string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errNoTerminal(err)
	}
	fd := int(tty.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return "", errors.Join(errNoTerminal(err), tty.Close())
	}
	silent := *before // from before anyone is asked to type
	silent.Lflag = silent.Lflag&^unix.ECHO | unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &silent); err != nil {
		return "", errors.Join(errNoTerminal(err), tty.Close())
	}
	fmt.Fprint(tty, prompt)
	line, err := files.Await(ctx, func() (string, error) { return files.FirstLine(tty) })
	if ctx.Err() != nil {
		// What has been typed must not reach the shell. The terminal stays
		// open: a read may still be waiting for it.
		return "", errors.Join(context.Cause(ctx), unix.IoctlSetTermios(fd, unix.TCSETSF, before))
	}
	fmt.Fprintln(tty) // for the end of line that was not shown
	if errors.Is(err, files.ErrNoLine) {
		err = errors.New("end of input at the terminal")
	}
	if err := errors.Join(err, unix.IoctlSetTermios(fd, unix.TCSETS, before), tty.Close()); err != nil {
		return "", report.Credentialsf("asking for the passphrase: %w", err)
	}
	return line, nil
}

// askTwice asks for a new passphrase, which a person has to type twice.
func askTwice(ctx context.Context) (string, error) {
	first, err := ask(ctx, "New passphrase: ")
	if err != nil {
		return "", err
	}
	second, err := ask(ctx, "The same once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", report.WithHint(report.Credentialsf("asking for the passphrase: the two passphrases differ"), "start again")
	}
	return first, nil
}

func errNoTerminal(err error) error {
	return report.Credentialsf("asking for the passphrase: %w: %w", ErrNoTerminal, err)
}
