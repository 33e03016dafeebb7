package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/signature"
)

// clockSkew is by how much two clocks may differ.
const clockSkew = 5 * time.Minute

// decide reports whether the certificate of an endorsement may be trusted for the
// address that it claims, at the time now. What is not provided for here is not
// trusted:
//
// Dates. The certificate must have been valid at the endorsement; that it has
// expired since does not matter. The endorsement may not be dated more than
// five minutes after now. The signer chooses that date: what an expired or
// stolen key can do about it is left to revocation.
//
// Pins. A certificate that is pinned or was loaded is trusted without a chain,
// whatever its algorithms are and whatever address is claimed; the reason says so
// if it does not name that address.
//
// Authorities. Otherwise there must be a chain to a trust anchor, every
// certificate of which was valid at the endorsement and is signed by a safe
// algorithm (the root's own signature does not matter), within its path lengths
// and name constraints. The certificate must name the address in its
// subjectAltName: the local part exactly, the domain in any case. Any extended
// key usage will do. Only the anchors that were loaded end a chain.
//
// Revocation. In both cases, every certificate but the root is looked up in the
// newest revocation list that its issuer has signed (with SHA-1 at worst), if
// any was loaded. What is listed is not trusted, whenever it was revoked. A list
// that is out of date now, or has a critical extension, or cannot be read or
// checked, makes what its issuer issued untrusted. Without a list there is no
// such check. If there are several chains, one without an objection is enough.
//
// With pinned, decide does as if its certificate were pinned: for a caller who
// trusts it for a reason of its own.
func (s *store) decide(by *signature.Endorsed, now time.Time, pinned bool) Verdict {
	reason, err := s.reason(by, now, pinned)
	if err != nil {
		return Verdict{Reason: err.Error()}
	}
	return Verdict{Trusted: true, Reason: reason}
}

// reason returns why the certificate is trusted; the error is why not.
func (s *store) reason(by *signature.Endorsed, now time.Time, pinned bool) (string, error) {
	if err := checkDates(by, now); err != nil {
		return "", err
	}
	if s.empty() && !pinned {
		return "", errors.New("no certificate or authority to trust was given")
	}
	named := namesAddress(by.Certificate, by.Email)
	if pinned || s.pins[sha256.Sum256(by.Certificate.Raw)] {
		if err := s.checkPinned(by.Certificate, now); err != nil {
			return "", err
		}
		if !named {
			return "pinned certificate, which does not name the e-mail address", nil
		}
		return "pinned certificate", nil
	}
	if err := s.checkIssued(by, now); err != nil {
		return "", err
	}
	issuer := nameOf(by.Certificate.Issuer)
	if !named {
		return "", fmt.Errorf("its certificate, issued by %s, does not name the e-mail address %.200q; it can be pinned", issuer, by.Email)
	}
	return "issued by " + issuer, nil
}

func checkDates(by *signature.Endorsed, now time.Time) error {
	if by.Created.After(now.Add(clockSkew)) {
		return fmt.Errorf("the endorsement is dated in the future: %s", moment(by.Created))
	}
	return checkValidity("its certificate", by.Certificate, by.Created)
}

// checkValidity reports whether a certificate, which the error calls by the given
// name, was valid at the endorsement.
func checkValidity(name string, c *x509.Certificate, at time.Time) error {
	switch {
	case at.Before(c.NotBefore):
		return fmt.Errorf("%s was valid only from %s, after the endorsement of %s", name, apart(c.NotBefore, at), apart(at, c.NotBefore))
	case at.After(c.NotAfter):
		return fmt.Errorf("%s expired on %s, before the endorsement of %s", name, apart(c.NotAfter, at), apart(at, c.NotAfter))
	}
	return nil
}

// namesAddress compares with the rfc822Names of the subjectAltName. An address
// in the subject does not count: name constraints would not cover it.
func namesAddress(c *x509.Certificate, address string) bool {
	return strings.Contains(address, "@") && slices.ContainsFunc(c.EmailAddresses, func(name string) bool { return canonical(name) == canonical(address) })
}
