package signature

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestHostileCertificates: nor do certificates take more than the bounds.
func TestHostileCertificates(t *testing.T) {
	if peers.RaceDetector {
		t.Skip("the race detector takes more time and memory than what is measured")
	}
	const length = 200_000
	certificates := map[string]x509.Certificate{
		"long name":      {Subject: pkix.Name{CommonName: strings.Repeat(`\`, length/2)}},
		"many names":     {Subject: pkix.Name{OrganizationalUnit: numbered(length/20, "unit %d")}},
		"many addresses": {Subject: pkix.Name{CommonName: "a"}, EmailAddresses: numbered(length/20, "a%d@example.org")},
		"many hosts":     {Subject: pkix.Name{CommonName: "a"}, DNSNames: numbered(length/20, "a%d.example.org")},
	}
	for name, template := range certificates {
		t.Run(name, func(t *testing.T) {
			s := ecdsaSignerOf(t)
			template.SerialNumber = big.NewInt(5)
			der, err := x509.CreateCertificate(rand.Reader, &template, &template, s.Key.Public(), s.Key)
			if err != nil {
				t.Fatal(err)
			}
			if s.Certificate, err = x509.ParseCertificate(der); err != nil {
				t.Fatal(err)
			}
			src, err := signBytes(plain(t), s)
			if err != nil {
				t.Fatal(err)
			}
			checkRefusal(t, "verify", measure(t, "verify", src), "")
		})
	}
	t.Run("many certificates", func(t *testing.T) {
		s := ecdsaSignerOf(t)
		src := sign(t, plain(t), s)
		one := "<X509Certificate>" + encode(s.Certificate.Raw) + "</X509Certificate>"
		for i, put := range []string{full(one), full("</X509Data><X509Data>" + one)} {
			got := measure(t, "verify", replaced(t, src, "</X509Data>", put+"</X509Data>"))
			checkRefusal(t, "verify", got, []string{"certificates in the first X509Data", "more than 10 certificates"}[i])
		}
	})
}

// numbered returns n texts with their numbers in them.
func numbered(n int, format string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}
