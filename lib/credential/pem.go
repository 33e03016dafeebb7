package credential

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/shell"
)

// openPEM reads certificates and a key. Where the user names no file for the
// key, it may be in that of the certificates.
func (s *Source) openPEM(ctx context.Context, found location) (*material, error) {
	m := &material{certificateFile: found.certificate, keyFile: found.key}
	certData, err := readFile(ctx, m.certificateFile)
	if err != nil {
		return nil, err
	}
	if m.certificates, err = parseCertificates(certData); err != nil {
		return nil, explain(m.certificateFile, err)
	}
	if _, err := findKey(certData); err == nil && s.Key == "" {
		m.keyFile = m.certificateFile
	}
	keyData, err := readFile(ctx, m.keyFile)
	if err != nil {
		return nil, err
	}
	block, err := findKey(keyData)
	if err != nil {
		return nil, explain(m.keyFile, err)
	}
	if !encrypted(block) {
		s.warnOpen(m.keyFile)
		m.key, err = parseKey(block, "")
	} else {
		err = s.unlock(ctx, m.keyFile, true, func(passphrase string) error {
			m.key, err = files.Await(ctx, func() (crypto.PrivateKey, error) { return parseKey(block, passphrase) })
			return err
		})
	}
	return m, explain(m.keyFile, err)
}

// parseCertificates reads every certificate of a PEM file.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, ErrNotPEM
	}
	for ; block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("its certificate %d cannot be read: %w", len(certificates)+1, err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, ErrNoCertificate
	}
	return certificates, nil
}

// findKey finds the only key of a PEM file.
func findKey(data []byte) (*pem.Block, error) {
	var key *pem.Block
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, ErrNotPEM
	}
	for ; block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if key != nil {
			return nil, errManyKeys
		}
		key = block
	}
	if key == nil {
		return nil, ErrNoKey
	}
	return key, nil
}

func encrypted(block *pem.Block) bool {
	return block.Type == "ENCRYPTED PRIVATE KEY" ||
		x509.IsEncryptedPEMBlock(block) //nolint:staticcheck // weak, but old grid keys are like that
}

// parseKey opens a key. Its errors hold nothing of what it decrypts: those of
// crypto/x509 are about kinds and structure.
func parseKey(block *pem.Block, passphrase string) (crypto.PrivateKey, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" {
		return decryptPKCS8(block.Bytes, passphrase)
	}
	der := block.Bytes
	if !encrypted(block) {
		return parsePlain(block.Type, der)
	}
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase)) //nolint:staticcheck // as above
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, errPassphrase
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", errEncryption, err)
	}
	key, err := parsePlain(block.Type, der)
	if err != nil && !bytes.HasPrefix(der, []byte{0x30}) { // the padding was right by chance
		return nil, errPassphrase
	}
	return key, err
}

// parsePlain reads a key that nothing encrypts.
func parsePlain(kind string, der []byte) (key crypto.PrivateKey, err error) {
	switch kind {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(der)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(der)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(der)
	default:
		err = fmt.Errorf("PEM type %q", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return key, nil
}

// warnOpen warns of a key that other users can read.
func (s *Source) warnOpen(name string) {
	if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.log.Warnf("the key in %q is not encrypted, and its mode is %04o: other users may read it; chmod 600 %s",
			name, info.Mode().Perm(), shell.QuotePath(name))
	}
}
