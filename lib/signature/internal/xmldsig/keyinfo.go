package xmldsig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
)

// maxCertificates bounds how many certificates a signature may bring along.
const maxCertificates = 10

// readKeyInfo returns the certificate of the key, and then those of its chain.
// The first X509Data must hold the certificate alone: of several in one, some
// readers take the first and some the last.
func readKeyInfo(e element) ([]*x509.Certificate, error) {
	groups, err := e.list("X509Data")
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for i, group := range groups {
		found, err := readX509Data(group)
		if err != nil {
			return nil, err
		}
		for _, certificate := range found {
			if err := checkKey(certificate, i == 0); err != nil {
				return nil, err
			}
		}
		if i == 0 && len(found) != 1 {
			return nil, badf("%d certificates in the first X509Data; want the signer's alone, its chain in a second one", len(found))
		}
		if all = append(all, found...); len(all) > maxCertificates {
			return nil, badf("more than %d certificates", maxCertificates)
		}
	}
	if len(all) == 0 {
		return nil, badf("no certificate in KeyInfo")
	}
	return all, nil
}

func readX509Data(group element) ([]*x509.Certificate, error) {
	entries, err := group.list("X509Certificate")
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for _, entry := range entries {
		der, err := entry.base64()
		if err != nil {
			return nil, err
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, badf("reading the certificate: %w", err)
		}
		found = append(found, certificate)
	}
	return found, nil
}

// Keys outside these sizes are worthless, or cost a verifier minutes.
const minRSA, maxRSA = 1024, 8192

// checkKey makes sure that a key can be worked with: to verify the signature, or
// perhaps a certificate below the one of the chain that it is in.
func checkKey(c *x509.Certificate, signer bool) error {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if size := key.N.BitLen(); size < minRSA || size > maxRSA {
			return badf("an RSA key of %d bits; want %d to %d", size, minRSA, maxRSA)
		}
	case *ecdsa.PublicKey:
		if !signer {
			return nil
		}
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return badf("an ECDSA key on the curve %s; want P-256, P-384, P-521", key.Params().Name)
		}
	default:
		if !signer {
			return nil
		}
		return badf("a certificate with a key of type %s; want RSA, ECDSA", c.PublicKeyAlgorithm)
	}
	return nil
}
