package trust

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// checkPinned looks a pinned certificate up in the lists that any CA
// certificate with the name of its issuer has signed: the signature of an old
// one, which would tell the CA, is not always one that can be checked.
func (s *store) checkPinned(c *x509.Certificate, now time.Time) error {
	if len(s.lists[string(c.RawIssuer)]) == 0 || selfSigned(c) {
		return nil
	}
	issuers := s.authorities[string(c.RawIssuer)]
	if len(issuers) == 0 {
		return errors.New("there is a revocation list of its issuer, but not the issuer's certificate to check the list with")
	}
	for _, issuer := range issuers {
		if err := s.checkRevocation(c, issuer, now); err != nil {
			return err
		}
	}
	return nil
}

// checkChain looks up every certificate of the chain but the root.
func (s *store) checkChain(chain []*x509.Certificate, now time.Time) error {
	for i, c := range chain[:len(chain)-1] {
		if err := s.checkRevocation(c, chain[i+1], now); err != nil {
			return err
		}
	}
	return nil
}

// checkRevocation looks c up in the newest list that its issuer has signed, and
// returns why it may not be trusted. To have no list is no reason; to have one
// that cannot be used is.
func (s *store) checkRevocation(c, issuer *x509.Certificate, now time.Time) error {
	var newest *revocationList
	var unusable error
	for _, list := range s.lists[string(c.RawIssuer)] {
		if list.err != nil {
			unusable = fmt.Errorf("the revocation list of %s is not valid: %s", nameOf(issuer.Subject), visible(list.err.Error()))
			continue
		}
		// The holder of the issuer's key signs for the issuer, whatever the
		// certificate of the issuer in this chain says.
		err := issuer.CheckSignature(list.head.SignatureAlgorithm, list.head.RawTBSRevocationList, list.head.Signature)
		switch {
		case err == nil && (newest == nil || newer(list.head, newest.head)):
			newest = list
		case err != nil && !s.otherSigned(list.head, issuer):
			unusable = fmt.Errorf("the revocation list %q of %s has no valid signature: %s", list.path, nameOf(issuer.Subject), plain(err))
		}
	}
	if newest == nil {
		return unusable
	}
	if err := checkListed(c, newest); err != nil {
		return err
	}
	return checkHead(newest.head, now)
}

// otherSigned reports whether a list in the name of the issuer is that of a
// namesake with another key, such as the same authority in another year. A list that nobody
// known has signed is not: it may be there to displace the true one.
func (s *store) otherSigned(list *x509.RevocationList, issuer *x509.Certificate) bool {
	for _, authority := range s.authorities[string(list.RawIssuer)] {
		if !bytes.Equal(authority.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) && list.CheckSignatureFrom(authority) == nil {
			return true
		}
	}
	return false
}

func newer(a, b *x509.RevocationList) bool {
	if a.ThisUpdate.Equal(b.ThisUpdate) && a.Number != nil && b.Number != nil {
		return a.Number.Cmp(b.Number) > 0
	}
	return a.ThisUpdate.After(b.ThisUpdate)
}

// checkListed ignores when the certificate was revoked: the thief of a key dates
// an endorsement at will.
func checkListed(c *x509.Certificate, list *revocationList) error {
	revoked := list.find(c.SerialNumber)
	if revoked == nil {
		return nil
	}
	why := reasons[revoked.ReasonCode]
	if why != "" {
		why = ": " + why
	}
	return fmt.Errorf("the certificate of %s was revoked on %s%s", nameOf(c.Subject), date(revoked.RevocationTime), why)
}

// checkHead reports whether the list can be relied on for what it does not hold.
func checkHead(list *x509.RevocationList, now time.Time) error {
	name := nameOf(list.Issuer)
	for _, extension := range list.Extensions {
		if extension.Critical { // a delta, one of several parts, or one for other issuers too
			return fmt.Errorf("the revocation list of %s may be incomplete: its critical extension %v is not understood", name, extension.Id)
		}
	}
	switch {
	case list.ThisUpdate.After(now.Add(clockSkew)):
		return fmt.Errorf("the revocation list of %s is dated %s, in the future", name, date(list.ThisUpdate))
	case list.NextUpdate.IsZero():
		return fmt.Errorf("the revocation list of %s has no date of its next update", name)
	case now.After(list.NextUpdate):
		return fmt.Errorf("the revocation list of %s is out of date since %s", name, date(list.NextUpdate))
	}
	return nil
}
