package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// contents are what a file holds.
type contents struct {
	certificates []*x509.Certificate
	lists        []*revocationList
	odd          []error // certificates of a bundle that could not be parsed
}

// parse reads the content of a file: PEM, or DER, which the name of the file
// says to be a revocation list or not.
func parse(data []byte, list bool) (contents, error) {
	var found contents
	var err error
	switch {
	case !bytes.HasPrefix(data, []byte{0x30}): // a SEQUENCE; as text it would be the digit 0
		return parsePEM(data)
	case list:
		err = found.addList(data)
	default:
		err = found.addCertificate(data)
	}
	return found, err
}

func parsePEM(data []byte) (contents, error) {
	var found contents
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			if err := found.addCertificate(block.Bytes); err != nil {
				found.odd = append(found.odd, err)
			}
		case "X509 CRL":
			if err := found.addList(block.Bytes); err != nil {
				return contents{}, err
			}
		}
	}
	switch {
	case len(found.certificates)+len(found.lists) > 0:
		return found, nil
	case len(found.odd) > 0:
		return contents{}, found.odd[0]
	}
	return contents{}, errors.New("no certificate and no revocation list, in PEM or DER")
}

func (c *contents) addCertificate(der []byte) error {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("parsing a certificate: %w", err)
	}
	c.certificates = append(c.certificates, certificate)
	return nil
}

func (c *contents) addList(der []byte) error {
	list, err := newList(der)
	if err != nil {
		return fmt.Errorf("parsing a revocation list: %w", err)
	}
	c.lists = append(c.lists, list)
	return nil
}

// name adds the name of their file, for messages.
func (c *contents) name(path string) {
	for _, list := range c.lists {
		list.path = path
	}
	for i, err := range c.odd {
		c.odd[i] = fmt.Errorf("reading %q: %w", path, err)
	}
}

// add takes over the contents of a file.
func (s *store) add(found contents) {
	for _, c := range found.certificates {
		s.addCertificate(c)
	}
	if s.lists == nil {
		s.lists = map[string][]*revocationList{}
	}
	for _, list := range found.lists {
		issuer := string(list.head.RawIssuer)
		s.lists[issuer] = append(s.lists[issuer], list)
	}
	s.skipped = append(s.skipped, found.odd...)
}

func (s *store) addCertificate(c *x509.Certificate) {
	s.pin(sha256.Sum256(c.Raw))
	if !isCA(c) || s.isAuthority(c) { // hashed directories hold everything twice
		return
	}
	if s.authorities == nil {
		s.authorities = map[string][]*x509.Certificate{}
		s.anchors, s.helpers = x509.NewCertPool(), x509.NewCertPool()
	}
	subject := string(c.RawSubject)
	s.authorities[subject] = append(s.authorities[subject], c)
	if selfSigned(c) {
		s.anchors.AddCert(c)
	} else {
		s.helpers.AddCert(c)
	}
}

// isAuthority reports whether c is a CA certificate that was loaded.
func (s *store) isAuthority(c *x509.Certificate) bool {
	for _, known := range s.authorities[string(c.RawSubject)] {
		if known.Equal(c) {
			return true
		}
	}
	return false
}

func isCA(c *x509.Certificate) bool {
	return c.BasicConstraintsValid && c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

// selfSigned reports whether c is the end of a chain. The signature of one that
// was made with MD5 or the like cannot be checked, and need not be: to load it is
// to trust the key in it.
func selfSigned(c *x509.Certificate) bool {
	if !bytes.Equal(c.RawSubject, c.RawIssuer) {
		return false
	}
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	return err == nil || errors.As(err, new(x509.InsecureAlgorithmError))
}
