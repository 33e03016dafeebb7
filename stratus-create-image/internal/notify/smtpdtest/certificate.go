package smtpdtest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
)

// Certificate makes a certificate of its own authority for 127.0.0.1 and
// localhost. It returns two files: one for the server, with the key, and one for
// those who are to trust it.
func Certificate(t testing.TB) (server, root string) {
	t.Helper()
	i := credentialtest.SelfSigned(t, x509.Certificate{
		Subject:   pkix.Name{CommonName: "mail server of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, nil)
	return credentialtest.Write(t, "server.pem", i.KeyPEM(t), i.CertificatePEM()), credentialtest.Write(t, "root.pem", i.CertificatePEM())
}
