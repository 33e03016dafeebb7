package credential

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/shell"
)

// What a PKCS#12 file can be other than usable, beside the exported errors.
var (
	errForeign  = errors.New("it is not a PKCS#12 file")
	errShort    = errors.New("it ends too early")
	errBER      = errors.New("it is in the BER encoding that browsers write, and only DER is supported")
	errShape    = errors.New("this kind of PKCS#12 file is not supported")
	errManyKeys = errors.New("it holds more than one private key")
)

// openPKCS12 opens a PKCS#12 file. A person is asked for the passphrase only if ask
// says so.
func (s *Source) openPKCS12(ctx context.Context, found location, ask bool) (*material, error) {
	data, err := readFile(ctx, found.p12)
	if err != nil {
		return nil, err
	}
	var m *material
	err = s.unlock(ctx, found.p12, ask, func(passphrase string) (err error) {
		m, err = files.Await(ctx, func() (*material, error) { return parsePKCS12(data, passphrase) })
		return err
	})
	if err != nil {
		return nil, explain(found.p12, err)
	}
	m.certificateFile, m.keyFile = found.p12, found.p12
	return m, nil
}

// parsePKCS12 opens a PKCS#12 file.
func parsePKCS12(data []byte, passphrase string) (*material, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0x30, 0x80}):
		return nil, errBER
	case !bytes.HasPrefix(data, []byte{0x30}) && bytes.Contains(data, []byte("-----BEGIN ")):
		return nil, ErrPEM
	}
	var outer asn1.RawValue
	switch rest, err := asn1.Unmarshal(data, &outer); {
	case !bytes.HasPrefix(data, []byte{0x30}):
		return nil, errForeign
	case err != nil:
		return nil, errShort
	case len(rest) > 0:
		return nil, fmt.Errorf("it is damaged: %d bytes follow its end", len(rest))
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
		{"private key missing", ErrNoKey},
		{"certificate missing", ErrNoCertificate},
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
		return fmt.Errorf("%w: %s", ErrUnusable, reason)
	}
	return fmt.Errorf("it is damaged: %s", text)
}

// explain adds the file's name to what is wrong with it, and what to do next.
func explain(name string, err error) error {
	if err == nil || report.Known(err) { // about the passphrase, with its own hint
		return err
	}
	hint := "export the certificate with its key once more"
	switch {
	case errors.Is(err, errBER), errors.Is(err, errShape):
		hint = "convert it (with -legacy after the first pkcs12 where openssl says that it is unsupported): " + convert(name)
	case errors.Is(err, errEncryption):
		hint = fmt.Sprintf("encrypt it anew: openssl pkcs8 -topk8 -in %s -out %s", shell.QuotePath(name), shell.QuotePath(name+".new"))
	case errors.Is(err, ErrUnusable):
		hint = usableKeys
	case errors.Is(err, errManyKeys):
		hint = "keep the key that you want to use in a file of its own, with its certificate"
	case errors.Is(err, ErrNotPEM), errors.Is(err, ErrNoKey), errors.Is(err, ErrNoCertificate):
		hint = "name the files with the certificate and the key"
	}
	return report.WithHint(report.Credentialsf("opening %q: %w", name, err), "%s", hint)
}

// convert is the shell command that rewrites a PKCS#12 file. The key is never
// readable on the way: openssl asks for a passphrase for it, and lets nobody
// else read the file. A pipe would do without that file, but openssl loses the
// certificates that come through it.
func convert(name string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".p12"), ".pfx")
	between := shell.QuotePath(base + "-new.pem")
	return fmt.Sprintf("openssl pkcs12 -in %s -out %s && openssl pkcs12 -export -in %s -out %s && rm %s",
		shell.QuotePath(name), between, between, shell.QuotePath(base+"-new.p12"), between)
}
