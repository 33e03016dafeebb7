package trust

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stratuslab/stratus/lib/signature"
)

const (
	maxHelpers = 16   // certificates that come with a signature and are looked at
	maxRSABits = 8192 // of their keys, as in TLS; larger ones take long to check
	maxDepth   = 16   // of a chain that an explanation follows
)

// checkIssued reports whether an authority that is trusted has issued the
// certificate and not revoked it.
func (s *store) checkIssued(by *signature.Endorsed, now time.Time) error {
	if len(s.authorities) == 0 {
		return errors.New("its certificate is not pinned, and no authority is trusted")
	}
	helpers := s.helpers.Clone()
	sent := usable(by.Chain)
	for _, helper := range sent {
		helpers.AddCert(helper)
	}
	chains, err := by.Certificate.Verify(x509.VerifyOptions{
		Roots:         s.anchors,
		Intermediates: helpers,
		CurrentTime:   by.Created,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return s.explain(by, sent, err)
	}
	var objection error
	for _, chain := range chains {
		err := s.checkChain(chain, now)
		if err == nil {
			return nil
		}
		if objection == nil {
			objection = err
		}
	}
	return objection
}

// usable bounds the work that certificates from a stranger can cause.
func usable(chain []*x509.Certificate) []*x509.Certificate {
	var sent []*x509.Certificate
	for _, c := range chain[:min(len(chain), maxHelpers)] {
		key, ok := c.PublicKey.(*rsa.PublicKey)
		if isCA(c) && (!ok || key.N.BitLen() <= maxRSABits) {
			sent = append(sent, c)
		}
	}
	return sent
}

// explain puts into plain words why Verify found no chain. Its own errors hide
// what was wrong with the candidates, so these are followed once more.
func (s *store) explain(by *signature.Endorsed, sent []*x509.Certificate, err error) error {
	child := by.Certificate
	if unhandled := child.UnhandledCriticalExtensions; len(unhandled) > 0 {
		return fmt.Errorf("its certificate has a critical extension (%v) that is not understood; it can be pinned", unhandled[0])
	}
	for range maxDepth {
		var parents []*x509.Certificate
		for _, parent := range slices.Concat(s.authorities[string(child.RawIssuer)], sent) {
			if bytes.Equal(parent.RawSubject, child.RawIssuer) && !parent.Equal(child) {
				parents = append(parents, parent)
			}
		}
		if len(parents) == 0 {
			return unknown(by.Certificate, child)
		}
		parent, why := chooseParent(child, parents, by.Created)
		if why != nil {
			return why
		}
		if s.isAuthority(parent) && selfSigned(parent) {
			break // the chain is there: it is something else
		}
		child = parent
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		switch invalid.Reason {
		case x509.CANotAuthorizedForThisName:
			return errors.New("its certificate has a name that the name constraints of an authority above it do not permit")
		case x509.TooManyIntermediates:
			return errors.New("there are more authorities above its certificate than one of them permits")
		}
	}
	return fmt.Errorf("there is no valid chain from its certificate to a trusted authority: %s", plain(err))
}

// unknown explains that no parent of child, which is the leaf or above it, was
// found.
func unknown(leaf, child *x509.Certificate) error {
	switch {
	case !selfSigned(child):
		return fmt.Errorf("its certificate is not pinned, and its issuer %s is not trusted", nameOf(child.Issuer))
	case child == leaf:
		return errors.New("its certificate is self-signed and not pinned")
	}
	return fmt.Errorf("its certificate is not pinned, and the authority %s above it is not trusted", nameOf(child.Subject))
}

// chooseParent returns the first parent with nothing wrong, or what is wrong
// with the first one.
func chooseParent(child *x509.Certificate, parents []*x509.Certificate, at time.Time) (*x509.Certificate, error) {
	var first error
	for _, parent := range parents {
		err := checkParent(child, parent, at)
		if err == nil {
			return parent, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func checkParent(child, parent *x509.Certificate, at time.Time) error {
	err := child.CheckSignatureFrom(parent)
	var insecure x509.InsecureAlgorithmError
	switch {
	case errors.As(err, &insecure):
		return fmt.Errorf("the certificate of %s is signed with %v, which is not safe; to trust it, pin the signer's certificate",
			nameOf(child.Subject), x509.SignatureAlgorithm(insecure))
	case errors.Is(err, x509.ErrUnsupportedAlgorithm):
		return fmt.Errorf("the certificate of %s is signed with an algorithm that is not supported; to trust it, pin the signer's certificate", nameOf(child.Subject))
	case err != nil:
		return fmt.Errorf("its certificate is not pinned, and was not issued by the authority %s that is trusted, but by a namesake", nameOf(parent.Subject))
	case len(parent.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("the certificate of the authority %s has a critical extension (%v) that is not understood",
			nameOf(parent.Subject), parent.UnhandledCriticalExtensions[0])
	}
	return checkValidity("the certificate of the authority "+nameOf(parent.Subject), parent, at)
}
