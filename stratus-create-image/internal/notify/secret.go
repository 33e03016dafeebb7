package notify

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
)

const (
	passwordVariable = "STRATUSLAB_SMTP_PASSWORD" //nolint:gosec // the variable's name
	passwordKey      = "smtp_password"
)

// Bounds of what is read, in bytes.
const (
	maxPassword = 4 << 10
	maxRoots    = 1 << 20
)

// takeVariable reads the password's variable and removes it.
func takeVariable() string {
	value := os.Getenv(passwordVariable)
	_ = os.Unsetenv(passwordVariable) // fails for malformed names only
	return value
}

// password gives the password from the first source that the user has set up:
// the command line, the environment, the configuration.
func password(c *command.Call, variable string) (string, error) {
	configured, _ := c.Config.Value(passwordKey)
	switch {
	case c.Typed(passwordFlag):
		return passwordFile(c)
	case variable != "":
		return variable, nil
	case c.IsSet(passwordFlag):
		return passwordFile(c)
	case configured != "":
		if err := checkPrivate(c.Config.Path()); err != nil {
			return "", refuse(fmt.Errorf("reading %s: %w", passwordKey, err))
		}
		return configured, nil
	}
	return "", fault.WithHint(refuse(fmt.Errorf("--%s needs a password, and there is none", usernameFlag)),
		"give --%s, the variable %s, or %s in the configuration", passwordFlag, passwordVariable, passwordKey)
}

// refuse makes an error one about credentials.
func refuse(err error) error { return &fault.Error{Kind: fault.Credentials, Err: err} }

// checkPrivate makes sure that nobody but the owner has access to a file with a
// secret. What is no regular file, such as the end of a pipe, has no such mode.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
		return fmt.Errorf("the mode of %q is %04o, and other users must not have access", path, mode.Perm())
	}
	return nil
}

// passwordFile reads the first line, which may take until somebody writes it.
func passwordFile(c *command.Call) (string, error) {
	path := c.Path(passwordFlag)
	err := checkPrivate(path)
	var line string
	if err == nil {
		line, err = files.Await(c.Ctx, func() (string, error) { return firstLine(path) })
	}
	if err != nil {
		return "", refuse(fmt.Errorf("reading --%s: %w", passwordFlag, err))
	}
	return line, nil
}

func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(f, maxPassword).ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("the first line of %q is longer than %d bytes", path, maxPassword)
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	if text := strings.TrimRight(string(line), "\r\n"); text != "" {
		return text, nil
	}
	return "", fmt.Errorf("the first line of %q is empty", path)
}

// readRoots gives the system's roots for TLS and those of the files; nil stands
// for the system's alone.
func readRoots(files []string) (*x509.CertPool, error) {
	if len(files) == 0 {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the system's TLS roots: %w", err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, fault.BadInputf("reading --%s: %w", rootsFlag, err)
		}
		content, err := io.ReadAll(io.LimitReader(f, maxRoots))
		_ = f.Close()
		if err != nil {
			return nil, fault.BadInputf("reading --%s: %w", rootsFlag, err)
		}
		if !roots.AppendCertsFromPEM(content) {
			return nil, fault.BadInputf("reading --%s: %q has no certificate in PEM form", rootsFlag, path)
		}
	}
	return roots, nil
}
