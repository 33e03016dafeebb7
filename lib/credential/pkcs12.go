package credential

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
)

// maxFile bounds a file with a certificate or a key, in bytes.
const maxFile = 1 << 20

// What a PKCS#12 file can be other than usable. parsePKCS12 gives one of them,
// errPassphrase or an error that names the damage.
var (
	errPEM      = errors.New("it is PEM, not PKCS#12")
	errForeign  = errors.New("it is no PKCS#12 file")
	errShort    = errors.New("it ends too early")
	errBER      = errors.New("it is in the BER encoding that browsers write, and only DER can be read")
	errShape    = errors.New("it is a kind of PKCS#12 file that cannot be read")
	errNoKey    = errors.New("it holds no private key")
	errManyKeys = errors.New("it holds more than one private key")
	errNoCert   = errors.New("it holds no certificate")
	errKeyKind  = errors.New("its key cannot be read")
)

func loadPKCS12(c *command.Call, p *passphrases, name string) (*material, error) {
	data, err := readFile(c, name)
	if err != nil {
		return nil, err
	}
	var m *material
	err = p.open(name, func(passphrase string) (err error) {
		m, err = files.Await(c.Ctx, func() (*material, error) { return parsePKCS12(data, passphrase) })
		return err
	})
	if err == nil {
		m.certificateFile, m.keyFile = name, name
	}
	return m, explainPKCS12(c.App.Name, name, err)
}

// parsePKCS12 opens a PKCS#12 file.
func parsePKCS12(data []byte, passphrase string) (*material, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0x30, 0x80}):
		return nil, errBER
	case !bytes.HasPrefix(data, []byte{0x30}) && bytes.Contains(data, []byte("-----BEGIN ")):
		return nil, errPEM
	}
	if err := checkDER(data); err != nil {
		return nil, err
	}
	if err := checkEncodable(passphrase); err != nil {
		return nil, err
	}
	key, first, rest, err := pkcs12.DecodeChain(data, passphrase)
	if err != nil {
		return nil, classify(err)
	}
	return &material{key: key, certificates: append([]*x509.Certificate{first}, rest...)}, nil
}

// classify makes one of this package's errors out of the library's, most of
// which are but texts. They quote object identifiers and numbers, and what a
// certificate says: never what is secret.
func classify(err error) error {
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return errPassphrase
	}
	var unsupported pkcs12.NotImplementedError
	if errors.As(err, &unsupported) {
		return fmt.Errorf("%w: %s", errShape, string(unsupported))
	}
	text := strings.TrimPrefix(err.Error(), "pkcs12: ")
	for _, known := range []struct {
		text string
		err  error
	}{
		{"private key missing", errNoKey},
		{"certificate missing", errNoCert},
		{"expected exactly one key bag", errManyKeys},
		{"no MAC in data", fmt.Errorf("%w: no MAC protects it", errShape)},
	} {
		if text == known.text {
			return known.err
		}
	}
	if strings.Contains(text, "indefinite length") {
		return errBER
	}
	reason, ok := strings.CutPrefix(text, "error parsing PKCS#8 private key: ")
	if ok || strings.HasPrefix(text, "x509: unsupported") { // in the certificate
		return fmt.Errorf("%w: %s", errKeyKind, reason)
	}
	return fmt.Errorf("it is damaged: %s", text)
}

// explainPKCS12 adds the file's name to an error of parsePKCS12, and what to
// do next.
func explainPKCS12(program, name string, err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) { // of the passphrase, explained already
		return err
	}
	hint := "export the certificate with its key once more"
	switch {
	case errors.Is(err, errPEM):
		hint = fmt.Sprintf("name it with --%s, and the file that holds the key with --%s", certFlag, keyFlag)
	case errors.Is(err, errBER), errors.Is(err, errShape):
		hint = "convert it (with -legacy after the first pkcs12 where openssl says that it is unsupported): " + convert(name)
	case errors.Is(err, errKeyKind):
		hint = usableKeys + "; make a new certificate: " + makeOne(program)
	case errors.Is(err, errManyKeys):
		hint = "export the certificate that you want to use alone, with its key"
	}
	return fault.WithHint(refuse("opening %q: %w", name, err), "%s", hint)
}

// convert is the shell command that rewrites a PKCS#12 file. The key is never
// readable on the way: openssl asks for a passphrase for it, and lets nobody
// else read the file. A pipe would do without that file, but openssl loses the
// certificates that come through it.
func convert(name string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".p12"), ".pfx")
	between := shellQuote(base + "-new.pem")
	return fmt.Sprintf("openssl pkcs12 -in %s -out %s && openssl pkcs12 -export -in %s -out %s && rm %s",
		shellQuote(name), between, between, shellQuote(base+"-new.p12"), between)
}

// shellQuote makes one word of the shell's of a file's name.
func shellQuote(name string) string {
	if strings.HasPrefix(name, "-") {
		name = "./" + name
	}
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./"
	if strings.Trim(name, plain) == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// checkEncodable refuses passphrases that PKCS#12 files cannot have here: the
// format has UCS-2, and what is not UTF-8 would silently become another one.
func checkEncodable(passphrase string) error {
	if !utf8.ValidString(passphrase) {
		return fault.WithHint(refuse("reading the passphrase: it is not UTF-8"), "type it in a UTF-8 terminal, or choose another one")
	}
	if strings.ContainsFunc(passphrase, func(r rune) bool { return r > 0xFFFF }) {
		return fault.WithHint(refuse("reading the passphrase: it holds a character beyond U+FFFF, which PKCS#12 cannot have everywhere"),
			"choose one without emoji and the like")
	}
	return nil
}
