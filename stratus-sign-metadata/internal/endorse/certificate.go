package endorse

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/stratuslab/stratus/lib/metadata"
)

// CertificateOptions say what certificate to make for a person to whom no authority
// has given one.
type CertificateOptions struct {
	Email, Name  string
	Organization string // may be empty
	Country      string // two capital letters, or empty
	Days         int
	Key          Key
	Now          time.Time // from which it is valid
}

// Key is a kind of key.
type Key string

// The kinds of keys.
const (
	RSA3072 Key = "rsa3072"
	P256    Key = "p256"
)

const (
	maxDays  = 3650
	maxName  = 64  // characters, of X.520
	maxEmail = 254 // bytes, of RFC 5321

	// rounds is how often the passphrase is hashed: it takes a tenth of a second to
	// open the file, and a guess takes fifty times the work of usual files.
	rounds = 100_000
)

// MakeCertificate makes a key and a certificate that signs itself. It returns the
// certificate alone, and with its key in PKCS#12.
func MakeCertificate(o CertificateOptions, passphrase string) (certificate *x509.Certificate, p12 []byte, err error) {
	key, err := newKey(o.Key)
	if err != nil {
		return nil, nil, err
	}
	if certificate, err = selfSign(key, o); err != nil {
		return nil, nil, err
	}
	p12, err = pkcs12.Modern.WithIterations(rounds).Encode(key, certificate, nil, passphrase)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the certificate and its key: %w", err)
	}
	return certificate, p12, nil
}

func newKey(kind Key) (crypto.Signer, error) {
	if kind == P256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 3072)
}

// selfSign makes the certificate of a person: it is for signing and for mail,
// and not for issuing others.
func selfSign(key crypto.Signer, o CertificateOptions) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	subject := pkix.Name{CommonName: o.Name}
	if o.Organization != "" {
		subject.Organization = []string{o.Organization}
	}
	if o.Country != "" {
		subject.Country = []string{o.Country}
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject,
		EmailAddresses:        []string{o.Email},
		NotBefore:             o.Now.UTC(),
		NotAfter:              o.Now.UTC().AddDate(0, 0, o.Days),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// ParseEmail reads an address.
func ParseEmail(text string) (string, error) {
	if len(text) > maxEmail || !metadata.ValidEmail(text) {
		return "", errors.New("not a valid address")
	}
	return text, nil
}

// countryForm is that of the codes of ISO 3166.
var countryForm = regexp.MustCompile(`^([A-Za-z]{2})?$`)

// ParseCountry reads the code of a country, or nothing.
func ParseCountry(text string) (string, error) {
	if !countryForm.MatchString(text) {
		return "", errors.New("not a valid country: want two letters, such as FR")
	}
	return strings.ToUpper(text), nil
}

// ParseDays reads for how long a certificate is valid.
func ParseDays(text string) (int, error) {
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > maxDays {
		return 0, fmt.Errorf("not a valid number of days: want 1 to %d", maxDays)
	}
	return days, nil
}

// ParseName reads the name of a person or an organization. It refuses what cannot
// stand in a certificate, or not in the documents that name its owner.
func ParseName(text string) (string, error) {
	switch n := utf8.RuneCountInString(text); {
	case n > maxName:
		return "", fmt.Errorf("%d characters, at most %d", n, maxName)
	case !metadata.ValidText(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", errors.New("it holds a character that cannot stand in a document")
	case strings.TrimSpace(text) != text:
		return "", errors.New("it begins or ends with white space")
	}
	return text, nil
}
