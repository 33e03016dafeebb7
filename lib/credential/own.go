package credential

import (
	"context"
	"crypto/x509"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/files"
)

// Certificate gives the user's own certificate: the one with which Load would
// sign, as far as that can be told without asking anybody. It works for
// commands without Flags and Settings, too: the variables and the keys of the
// configuration count all the same.
//
// A PEM certificate is read without its key. A PKCS#12 file opens with the
// empty passphrase or one that the user has set up; nobody is asked to type
// one. Where it does not open, the certificate in CertificateFile of it counts.
// Whether the certificate is still valid is not checked.
func (s *Source) Certificate() (*x509.Certificate, error) {
	certificate, err := s.certificate()
	if s.c.Ctx.Err() != nil {
		return nil, context.Cause(s.c.Ctx)
	}
	return certificate, err
}

func (s *Source) certificate() (*x509.Certificate, error) {
	chosen, ok, err := chooseNamed(s.c)
	if err == nil && !ok {
		chosen, err = findOwn()
	}
	if err != nil {
		return nil, err
	}
	if chosen.p12 == "" {
		return s.fromPEM(chosen.cert)
	}
	certificate, err := s.fromPKCS12(chosen.p12)
	if err == nil || !exists(CertificateFile(chosen.p12)) {
		return certificate, err
	}
	return s.fromPEM(CertificateFile(chosen.p12))
}

// CertificateFile is where the certificate of a PKCS#12 file stands by itself,
// in PEM, if it does: beside it, with another extension.
func CertificateFile(p12 string) string {
	return strings.TrimSuffix(p12, filepath.Ext(p12)) + ".pem"
}

func (s *Source) fromPEM(name string) (*x509.Certificate, error) {
	data, err := readFile(s.c, name)
	if err != nil {
		return nil, err
	}
	certificates, err := parseCertificates(data)
	if err != nil {
		return nil, explainPEM(s.c.App.Name, name, err)
	}
	return leafOf(certificates), nil
}

// findOwn takes what there is in ~/.globus, PKCS#12 first. The key of a PEM
// certificate may be elsewhere.
func findOwn() (paths, error) {
	d, err := defaults()
	switch {
	case err != nil:
		return paths{}, err
	case exists(d.p12):
		return paths{p12: d.p12}, nil
	case exists(d.cert):
		return paths{cert: d.cert}, nil
	}
	return paths{}, refuse("finding a certificate: neither %q nor %q is there, and none is named", d.p12, d.cert)
}

func (s *Source) fromPKCS12(name string) (*x509.Certificate, error) {
	data, err := readFile(s.c, name)
	if err != nil {
		return nil, err
	}
	passphrase, _, err := s.p.given() // the empty one where none is
	if err != nil {
		return nil, err
	}
	m, err := files.Await(s.c.Ctx, func() (*material, error) { return parsePKCS12(data, passphrase) })
	if err != nil {
		return nil, explainPKCS12(s.c.App.Name, name, err)
	}
	m.certificateFile, m.keyFile = name, name
	identity, err := m.identity(s.c.App.Name)
	if err != nil {
		return nil, err
	}
	return identity.Certificate, nil
}

// leafOf picks the certificate of a person out of a chain in any order: the
// first that has issued none of the others.
func leafOf(certificates []*x509.Certificate) *x509.Certificate {
	for _, candidate := range certificates {
		if !slices.ContainsFunc(certificates, func(c *x509.Certificate) bool { return c != candidate && issued(candidate, c) }) {
			return candidate
		}
	}
	return certificates[0]
}
