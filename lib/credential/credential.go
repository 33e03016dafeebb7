// Package credential finds and opens the certificate and the key with which a
// user signs, and asks for the passphrase that protects them. It must not know
// what is signed, nor whom anyone trusts, nor which flags and variables name a
// file or hold a passphrase.
package credential

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// Identity is a personal certificate with its key.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer // an *rsa.PrivateKey or an *ecdsa.PrivateKey
	// Chain holds the issuer of Certificate, the issuer's issuer and so on, as
	// far as they came along; names and key identifiers make the links, no
	// signature has been checked.
	Chain []*x509.Certificate
}

// Options say where the certificate, the key and the passphrase are.
type Options struct {
	// P12 is the path of a PKCS#12 file; if it is empty, Certificate and Key are
	// those of PEM files. What is empty is at its usual place in ~/.globus.
	P12, Certificate, Key string
	// From names the source of the passphrase for messages.
	From string
	// Passphrase returns the passphrase, which may be empty. If it is nil, a person
	// is asked at the terminal.
	Passphrase func() (string, error)
}

// Source is where a user's credentials come from.
type Source struct {
	Options
	log report.Log
}

// New returns the source that the options describe.
func New(o Options, log report.Log) *Source { return &Source{o, log} }

// What is wrapped by errors that the user can do something about. They are of
// kind report.Credentials.
var (
	ErrNone          = errors.New("finding a certificate: none is named, and there is none at its usual place")
	ErrPEM           = errors.New("it is PEM, not PKCS#12")
	ErrNotPEM        = errors.New("it is not a PEM file")
	ErrNoKey         = errors.New("it holds no private key")
	ErrNoCertificate = errors.New("it holds no certificate")
	ErrUnusable      = errors.New("its key cannot be used")
	ErrExpired       = errors.New("the certificate has expired")
	ErrNoTerminal    = errors.New("there is no terminal")
)

// Load opens the user's identity. It asks for a passphrase where one is needed,
// and checks that the key fits the certificate and can sign, and that the
// certificate is valid at now. Errors are of kind report.Credentials.
func (s *Source) Load(ctx context.Context, now time.Time) (_ *Identity, err error) {
	defer preferCause(ctx, &err)
	found, err := s.locate(true)
	if err != nil {
		return nil, err
	}
	var m *material
	if found.p12 != "" {
		m, err = s.openPKCS12(ctx, found, true)
	} else {
		m, err = s.openPEM(ctx, found)
	}
	if err != nil {
		return nil, err
	}
	identity, err := m.identity()
	if err != nil {
		return nil, err
	}
	if err := s.checkValidity(identity.Certificate, m.certificateFile, now); err != nil {
		return nil, err
	}
	return identity, nil
}

// preferCause replaces an error by the reason for which the context has ended, if it
// has.
func preferCause(ctx context.Context, err *error) {
	if *err != nil && ctx.Err() != nil {
		*err = context.Cause(ctx)
	}
}

// Certificate returns the user's own certificate: the one with which Load would
// sign, as far as that can be told without asking anybody.
//
// A PEM certificate is read without its key. A PKCS#12 file opens with the
// empty passphrase or one that the user has set up; nobody is asked to type
// one. Where it does not open, the certificate in CertificateFile of it counts.
// Whether the certificate is still valid is not checked.
func (s *Source) Certificate(ctx context.Context) (_ *x509.Certificate, err error) {
	defer preferCause(ctx, &err)
	found, err := s.locate(false)
	if err != nil {
		return nil, err
	}
	if found.p12 == "" {
		return leafIn(ctx, found.certificate)
	}
	m, err := s.openPKCS12(ctx, found, false)
	if err == nil {
		identity, err := m.identity()
		if err != nil {
			return nil, err
		}
		return identity.Certificate, nil
	}
	if !exists(CertificateFile(found.p12)) {
		return nil, err
	}
	return leafIn(ctx, CertificateFile(found.p12))
}

// leafIn returns the certificate of a person in a PEM file, which may hold a
// chain in any order: the first that has issued none of the others.
func leafIn(ctx context.Context, name string) (*x509.Certificate, error) {
	data, err := readFile(ctx, name)
	if err != nil {
		return nil, err
	}
	certificates, err := parseCertificates(data)
	if err != nil {
		return nil, explain(name, err)
	}
	for _, candidate := range certificates {
		if !slices.ContainsFunc(certificates, func(c *x509.Certificate) bool { return c != candidate && issued(candidate, c) }) {
			return candidate, nil
		}
	}
	return certificates[0], nil
}

// CertificateFile returns where the certificate of a PKCS#12 file stands by
// itself, in PEM, if it does: beside it, with another extension.
func CertificateFile(p12 string) string {
	return strings.TrimSuffix(p12, filepath.Ext(p12)) + ".pem"
}

// location is where an identity is: in p12, or in certificate and key.
type location struct{ p12, certificate, key string }

// locate returns the files that are named, else those in ~/.globus, PKCS#12
// first. keyNeeded says that a PEM certificate there does not count without its
// key.
func (o Options) locate(keyNeeded bool) (location, error) {
	if o.P12 != "" || o.Certificate != "" && o.Key != "" {
		return location{o.P12, o.Certificate, o.Key}, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return location{}, report.Credentialsf("%w: %w", ErrNone, err)
	}
	p12, certificate, key := home+"/.globus/usercert.p12", home+"/.globus/usercert.pem", home+"/.globus/userkey.pem"
	switch {
	case o.Certificate != "" || o.Key != "":
		return location{"", cmp.Or(o.Certificate, certificate), cmp.Or(o.Key, key)}, nil
	case exists(p12):
		return location{p12: p12}, nil
	case exists(certificate) && (exists(key) || !keyNeeded):
		return location{"", certificate, key}, nil
	}
	return location{}, report.Credentialsf("%w: neither %q nor %q with %q", ErrNone, p12, certificate, key)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// readFile reads a file with a certificate or a key.
func readFile(ctx context.Context, name string) ([]byte, error) {
	data, err := files.Await(ctx, func() ([]byte, error) { return os.ReadFile(name) })
	if err != nil {
		return nil, report.Credentialsf("reading %q: %w", name, files.WithoutName(err))
	}
	return data, nil
}
