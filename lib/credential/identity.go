package credential

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/stratuslab/stratus/lib/report"
)

const (
	usableKeys = "RSA of 2048 to 8192 bits and ECDSA on P-256 or P-384 can be used"

	minRSA    = 2048 // bits
	maxRSA    = 8192 // bits, all that verifiers take the time for
	warnAhead = 30 * 24 * time.Hour
	maxChain  = 9 // with the leaf, as many certificates as verifiers read
)

// material is what a file held: a key and certificates in any order.
type material struct {
	key          crypto.PrivateKey
	certificates []*x509.Certificate
	// Where they come from, for messages.
	keyFile, certificateFile string
}

// identity picks the certificate that belongs to the key, wherever it stands,
// and refuses keys that cannot sign well.
func (m *material) identity() (*Identity, error) {
	key, err := m.signer()
	if err != nil {
		return nil, err
	}
	public := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	leaf := slices.IndexFunc(m.certificates, func(c *x509.Certificate) bool { return public.Equal(c.PublicKey) })
	if leaf < 0 {
		where := "it"
		if m.keyFile != m.certificateFile {
			where = fmt.Sprintf("%q", m.certificateFile)
		}
		return nil, report.WithHint(report.Credentialsf("opening %q: its key belongs to no certificate in %s", m.keyFile, where),
			"name the key and the certificate that were made together")
	}
	certificate := m.certificates[leaf]
	return &Identity{Certificate: certificate, Key: key, Chain: chain(certificate, m.certificates)}, nil
}

func (m *material) signer() (crypto.Signer, error) {
	var got string
	switch key := m.key.(type) {
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits >= minRSA && bits <= maxRSA {
			return key, nil
		}
		got = fmt.Sprintf("RSA of %d bits", key.N.BitLen())
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() {
			return key, nil
		}
		got = "ECDSA on " + key.Params().Name
	case ed25519.PrivateKey:
		got = "Ed25519"
	default:
		got = "of another kind"
	}
	return nil, report.WithHint(report.Credentialsf("opening %q: %w: it is %s", m.keyFile, ErrUnusable, got), usableKeys)
}

// chain follows the issuers from the certificate upwards.
func chain(leaf *x509.Certificate, pool []*x509.Certificate) []*x509.Certificate {
	var issuers []*x509.Certificate
	certificate := leaf
	for len(issuers) < maxChain && !bytes.Equal(certificate.RawSubject, certificate.RawIssuer) {
		i := slices.IndexFunc(pool, func(c *x509.Certificate) bool { return issued(c, certificate) })
		if i < 0 || pool[i] == leaf || slices.Contains(issuers, pool[i]) {
			break
		}
		certificate = pool[i]
		issuers = append(issuers, certificate)
	}
	return issuers
}

// issued reports whether the certificate names that issuer.
func issued(issuer, certificate *x509.Certificate) bool {
	known := len(issuer.SubjectKeyId) > 0 && len(certificate.AuthorityKeyId) > 0
	return bytes.Equal(issuer.RawSubject, certificate.RawIssuer) &&
		(!known || bytes.Equal(issuer.SubjectKeyId, certificate.AuthorityKeyId))
}

// checkValidity refuses a certificate that is not valid at now, and warns of
// one that soon will not be.
func (s *Source) checkValidity(certificate *x509.Certificate, name string, now time.Time) error {
	from, until := certificate.NotBefore.UTC().Format(time.RFC3339), certificate.NotAfter.UTC().Format(time.RFC3339)
	switch {
	case now.Before(certificate.NotBefore):
		return report.WithHint(report.Credentialsf("opening %q: the certificate is valid from %s only, and it is %s", name, from, now.UTC().Format(time.RFC3339)),
			"check the clock of this machine")
	case now.After(certificate.NotAfter):
		return report.WithHint(report.Credentialsf("opening %q: %w: it expired on %s", name, ErrExpired, until), "renew it with the authority that issued it")
	case now.Add(warnAhead).After(certificate.NotAfter):
		s.log.Warnf("the certificate in %q expires on %s, in %d days", name, until, int(certificate.NotAfter.Sub(now).Hours()/24))
	}
	return nil
}
