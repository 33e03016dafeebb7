package credential

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
)

var errNoPEM = errors.New("it is no PEM file")

// loadPEM reads certificates and a key. Where nobody says which file has the
// key, it may be in that of the certificates.
func loadPEM(c *command.Call, p *passphrases, chosen paths) (*material, error) {
	cert, key := chosen.cert, chosen.key
	certData, err := readFile(c, cert)
	if err != nil {
		return nil, fault.WithHint(err, "name the certificate with --%s and its key with --%s", certFlag, keyFlag)
	}
	certificates, err := parseCertificates(certData)
	if err != nil {
		return nil, explainPEM(c.App.Name, cert, err)
	}
	if _, err := findKey(certData); err == nil && !chosen.keyNamed {
		key = cert
	}
	keyData, err := readFile(c, key)
	if err != nil {
		return nil, fault.WithHint(err, "name the certificate with --%s and its key with --%s", certFlag, keyFlag)
	}
	block, err := findKey(keyData)
	if err != nil {
		return nil, explainPEM(c.App.Name, key, err)
	}
	m := &material{certificates: certificates, certificateFile: cert, keyFile: key}
	if !encrypted(block) {
		warnOpen(c, key)
		m.key, err = parseKey(block, "")
	} else {
		err = p.open(key, func(passphrase string) error {
			m.key, err = files.Await(c.Ctx, func() (crypto.PrivateKey, error) { return parseKey(block, passphrase) })
			return err
		})
	}
	return m, explainPEM(c.App.Name, key, err)
}

// parseCertificates reads every certificate of a PEM file.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, errNoPEM
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
		return nil, errNoCert
	}
	return certificates, nil
}

// findKey finds the only key of a PEM file.
func findKey(data []byte) (*pem.Block, error) {
	var key *pem.Block
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, errNoPEM
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
		return nil, errNoKey
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
		return nil, fmt.Errorf("%w: %w", errKeyKind, err)
	}
	return key, nil
}

// warnOpen warns of a key that other users can read.
func warnOpen(c *command.Call, name string) {
	if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
		c.Log.Warnf("the key in %q is not encrypted, and its mode is %04o: other users may read it; chmod 600 %s",
			name, info.Mode().Perm(), shellQuote(name))
	}
}

// explainPEM adds the file's name to what is wrong with it, and what to do
// next.
func explainPEM(program, name string, err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	hint := "export the certificate or the key once more"
	switch {
	case errors.Is(err, errNoPEM):
		hint = "name a PKCS#12 file with --" + p12Flag
	case errors.Is(err, errNoKey):
		hint = "name the file that holds the key with --" + keyFlag
	case errors.Is(err, errNoCert):
		hint = "name the file that holds the certificate with --" + certFlag
	case errors.Is(err, errManyKeys):
		hint = "keep the key that you want to use in a file of its own"
	case errors.Is(err, errKeyKind):
		hint = usableKeys + "; make a new certificate: " + makeOne(program)
	case errors.Is(err, errEncryption):
		hint = fmt.Sprintf("this encrypts it as is usual today: openssl pkcs8 -topk8 -in %s -out %s", shellQuote(name), shellQuote(name+".new"))
	}
	return fault.WithHint(refuse("opening %q: %w", name, err), "%s", hint)
}
