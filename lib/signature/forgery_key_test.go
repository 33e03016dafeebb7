package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
)

const (
	certificateElement = "<X509Certificate>{certificate}</X509Certificate>"
	keyInfo            = "<KeyInfo><X509Data>" + certificateElement + "</X509Data></KeyInfo>"
	keyValue           = "<KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>AQAB</Exponent></RSAKeyValue></KeyValue>"
)

// TestForgedKey: signatures of an attacker, rsa-utf8, on documents that name a
// victim, rsa-san; keys without a certificate; and what else KeyInfo may hold.
func TestForgedKey(t *testing.T) {
	checkForgeries(t, []forgery{
		{
			name: "victim's certificate, attacker's key", signer: "rsa-utf8", template: []string{"{certificate}", "{rsa-san}"},
			want: "not made with the key of the certificate",
		},
		{
			name: "victim's name, attacker's certificate", signer: "rsa-utf8", peer: strictPeer, stage: StageIdentity,
			want: "differ: got subject",
		},
		{name: "two certificates", signer: "rsa-utf8", want: "2 certificates in the first X509Data",
			template: []string{certificateElement,
				"<X509Certificate>{rsa-san}</X509Certificate><X509Certificate>{rsa-utf8}</X509Certificate>"}},
		{name: "two certificates, attacker's first", signer: "rsa-utf8", want: "2 certificates in the first X509Data",
			peer: strictPeer,
			template: []string{certificateElement,
				"<X509Certificate>{rsa-utf8}</X509Certificate><X509Certificate>{rsa-san}</X509Certificate>"}},
		{name: "two X509Data, attacker's second", signer: "rsa-utf8", want: "not made with the key of the certificate",
			template: []string{certificateElement,
				"<X509Certificate>{rsa-san}</X509Certificate></X509Data><X509Data><X509Certificate>{rsa-utf8}</X509Certificate>"}},
		{name: "two X509Data, victim's second", signer: "rsa-utf8", want: "differ: got subject", stage: StageIdentity,
			peer: strictPeer,
			template: []string{certificateElement,
				"<X509Certificate>{rsa-utf8}</X509Certificate></X509Data><X509Data><X509Certificate>{rsa-san}</X509Certificate>"}},
		{name: "KeyValue and victim's certificate", signer: "rsa-utf8", peer: openPeer, want: "KeyValue in KeyInfo",
			template: []string{keyInfo, "<KeyInfo>" + keyValue +
				"<X509Data><X509Certificate>{rsa-san}</X509Certificate></X509Data></KeyInfo>"}},
		{name: "victim's certificate and KeyValue", signer: "rsa-utf8", want: "KeyValue in KeyInfo",
			template: []string{keyInfo, "<KeyInfo><X509Data><X509Certificate>{rsa-san}</X509Certificate></X509Data>" +
				keyValue + "</KeyInfo>"}},
		{
			name: "KeyValue alone", template: []string{keyInfo, "<KeyInfo>" + keyValue + "</KeyInfo>"}, peer: openPeer,
			want: "KeyValue in KeyInfo",
		},

		{
			name: "KeyName", template: []string{"<KeyInfo>", "<KeyInfo><KeyName>Ada</KeyName>"}, peer: strictPeer,
			want: "KeyName in KeyInfo",
		},
		{
			name: "KeyName after", template: []string{"</KeyInfo>", "<KeyName>Ada</KeyName></KeyInfo>"}, peer: strictPeer,
			want: "KeyName in KeyInfo",
		},
		{
			name: "X509SubjectName", template: []string{"</X509Data>", "<X509SubjectName>CN=Ada</X509SubjectName></X509Data>"},
			peer: strictPeer, want: "X509SubjectName in X509Data",
		},
		{name: "X509CRL", template: []string{"</X509Data>", "<X509CRL>AAAA</X509CRL></X509Data>"}, want: "X509CRL in X509Data"},
		{name: "RetrievalMethod", peer: openPeer, want: "Object in Signature",
			template: []string{keyInfo, `<KeyInfo><RetrievalMethod URI="#k" Type="http://www.w3.org/2000/09/xmldsig#X509Data"/>` +
				`</KeyInfo><Object><X509Data Id="k">` + certificateElement + "</X509Data></Object>"}},
		{name: "RetrievalMethod of a file", want: "RetrievalMethod in KeyInfo",
			template: []string{keyInfo, `<KeyInfo><RetrievalMethod URI="file:///etc/passwd" ` +
				`Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate"/></KeyInfo>`}},
		{name: "empty KeyInfo", template: []string{keyInfo, "<KeyInfo/>"}, want: "no certificate in KeyInfo"},
		{name: "no KeyInfo", template: []string{keyInfo, ""}, want: "no KeyInfo in Signature"},
		{name: "empty X509Data", template: []string{certificateElement, ""}, want: "0 certificates in the first X509Data"},
		{
			name: "empty X509Data first", template: []string{"<X509Data>", "<X509Data/><X509Data>"}, peer: strictPeer,
			want: "0 certificates in the first X509Data",
		},
		{name: "empty certificate", template: []string{"{certificate}", ""}, want: "X509Certificate is not base64"},
		{name: "no certificate", template: []string{"{certificate}", "AAAA"}, want: "reading the certificate"},
		{
			name: "certificate with more after it", template: []string{"{certificate}", "{with more}"}, peer: strictPeer,
			want: "reading the certificate",
		},
		{
			name: "Id of KeyInfo", template: []string{"<KeyInfo>", `<KeyInfo Id="k">`}, peer: strictPeer,
			want: "attribute Id of KeyInfo",
		},
		{
			name: "Id of X509Data", template: []string{"<X509Data>", `<X509Data Id="k">`}, peer: strictPeer,
			want: "attribute Id of X509Data",
		},
		{
			name: "attribute of X509Certificate", template: []string{"<X509Certificate>", `<X509Certificate Id="k">`},
			peer: strictPeer, want: "attribute Id of X509Certificate",
		},
	})
}

// TestForgedWithWeakKeys: keys that can be broken, that cost minutes, or that
// the signature method does not name.
func TestForgedWithWeakKeys(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // or Go would refuse it for us
	keys := vectorKeys(t)
	small, err := rsa.GenerateKey(rand.Reader, 512)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody needs to know the factors to have it verified with.
	modulus, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 16383))
	if err != nil {
		t.Fatal(err)
	}
	modulus.SetBit(modulus.SetBit(modulus, 16383, 1), 0, 1)
	rsaSigner := keys["rsa-utf8"].Key
	for name, key := range map[string]struct{ public, private any }{
		"512 bits": {&small.PublicKey, small}, "16384 bits": {&rsa.PublicKey{N: modulus, E: 65537}, rsaSigner},
		"Ed25519": {
			edwards.Public(),
			rsaSigner}, "exponent": {&rsa.PublicKey{N: keys["rsa-san"].Certificate.PublicKey.(*rsa.PublicKey).N, E: 3},
			rsaSigner,
		},
	} {
		template := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: name}}
		c := credentialtest.Parse(t, template, &x509.Certificate{Subject: template.Subject}, key.public, key.private)
		keys[name] = newSigner(c, key.private.(crypto.Signer))
	}
	for _, f := range []forgery{
		{name: "RSA of 512 bits", named: "512 bits", peer: strictPeer, want: "an RSA key of 512 bits"},
		{name: "RSA of 16384 bits", named: "16384 bits", want: "an RSA key of 16384 bits"},
		{name: "Ed25519", named: "Ed25519", template: []string{"#rsa-sha256", "#eddsa-ed25519"}, want: "eddsa-ed25519"},
		{name: "Ed25519 under RSA", named: "Ed25519", want: "a certificate with a key of type Ed25519"},
		{name: "Ed25519 in the chain", template: []string{"</KeyInfo>",
			"<X509Data><X509Certificate>{Ed25519}</X509Certificate></X509Data></KeyInfo>"},
			peer: strictPeer}, // nobody needs that key to verify the signature
		{name: "RSA of 16384 bits in the chain",
			template: []string{"</KeyInfo>", "<X509Data><X509Certificate>{16384 bits}</X509Certificate></X509Data></KeyInfo>"},
			want:     "an RSA key of 16384 bits"},
		{name: "another exponent", named: "exponent", want: "not made with the key of the certificate"},
	} {
		t.Run(f.name, func(t *testing.T) { f.check(t, keys) })
	}
}
