// Package personal makes personal certificates, for people whom no authority
// has given one. It must not know what they sign.
package personal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// Options say what to make.
type Options struct {
	Email, Name  string
	Organization string // may be empty
	Country      string // two capital letters, or empty
	Days         int
	Key          Key
	Now          time.Time // from which it is valid
}

// Made is a certificate, alone and with its key in PKCS#12.
type Made struct {
	Certificate *x509.Certificate
	P12         []byte
}

// rounds is how often the passphrase is hashed: it takes a tenth of a second to
// open the file, and a guess takes fifty times the work of usual files.
const rounds = 100_000

// Make makes a key and a certificate that signs itself.
func Make(o Options, passphrase string) (*Made, error) {
	key, err := newKey(o.Key)
	if err != nil {
		return nil, err
	}
	certificate, err := selfSign(key, o)
	if err != nil {
		return nil, err
	}
	p12, err := pkcs12.Modern.WithIterations(rounds).Encode(key, certificate, nil, passphrase)
	if err != nil {
		return nil, fmt.Errorf("encoding the certificate and its key: %w", err)
	}
	return &Made{certificate, p12}, nil
}

func newKey(kind Key) (crypto.Signer, error) {
	if kind == P256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 3072)
}

// selfSign makes the certificate of a person: it is for signing and for mail,
// and not for issuing others.
func selfSign(key crypto.Signer, o Options) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject(o),
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

func subject(o Options) pkix.Name {
	name := pkix.Name{CommonName: o.Name}
	if o.Organization != "" {
		name.Organization = []string{o.Organization}
	}
	if o.Country != "" {
		name.Country = []string{o.Country}
	}
	return name
}
