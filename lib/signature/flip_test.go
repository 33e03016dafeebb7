package signature

import (
	"bytes"
	"crypto"
	"fmt"
	"regexp"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// flippable are signed documents: ours of both profiles and kinds of keys, and
// one of the original software.
func flippable(t *testing.T) map[string][]byte {
	t.Helper()
	keys := vectorKeys(t)
	old := keys["rsa-nosan"]
	old.Profile = StratusLab
	return map[string][]byte{
		"modern RSA":     sign(t, read(t, "vectors/extension.xml"), keys["rsa-san"]),
		"modern ECDSA":   sign(t, read(t, "vectors/comment.xml"), keys["ecdsa"]),
		"stratuslab RSA": sign(t, read(t, "vectors/crlf-empty.xml"), old),
		"vector":         read(t, "vectors/signed-by-stratuslab/comment.rsa-utf8.xml"),
	}
}

// span is a range of bytes.
type span struct{ from, to int }

var attributeValue = regexp.MustCompile(`="([^"]*)"`)

// signedSpans returns every text and every value of an attribute that a signature
// protects: all but the comments, the declaration, and the certificates.
func signedSpans(t *testing.T, src []byte) (protected, certificates []span) {
	t.Helper()
	doc, err := xmldsig.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	comments := bytes.Clone(src)
	var collect func(n *strictxml.Node)
	collect = func(n *strictxml.Node) {
		for _, child := range n.Children {
			switch {
			case child.Kind == strictxml.Comment:
				copy(comments[child.Start:child.End], make([]byte, child.End-child.Start))
			case n.URI == xmldsig.Namespace && n.Local == "X509Certificate":
				certificates = append(certificates, span{child.Start, child.End})
			case child.Kind != strictxml.Element:
				protected = append(protected, span{child.Start, child.End})
			}
			collect(child)
		}
	}
	collect(doc.Root)
	for _, at := range attributeValue.FindAllSubmatchIndex(comments[doc.Root.Start:], -1) {
		protected = append(protected, span{doc.Root.Start + at[2], doc.Root.Start + at[3]})
	}
	return protected, certificates
}

// sampled reports whether the byte at an offset is changed: each one, or every
// seventh with -short.
func sampled(i int) bool { return i%peers.Sample(1, 7) == 0 }

// other returns another character of the same kind.
func other(b byte) byte {
	switch {
	case b >= 'a' && b <= 'z':
		return 'a' + (b-'a'+1)%26
	case b >= 'A' && b <= 'Z':
		return 'A' + (b-'A'+1)%26
	case b >= '0' && b <= '9':
		return '0' + (b-'0'+1)%10
	case b == '/':
		return '+'
	}
	return 'x'
}

// TestFlipSigned: no character of any signed text or attribute, of the names of
// the algorithms, of the digest or of the signature value can be changed.
func TestFlipSigned(t *testing.T) {
	for name, src := range flippable(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			protected, certificates := signedSpans(t, src)
			count := 0
			for _, s := range protected {
				for i := s.from; i < s.to; i++ {
					count++
					if !sampled(i) {
						continue
					}
					changed := bytes.Clone(src)
					changed[i] = other(src[i])
					if _, err := Verify(changed); err == nil {
						t.Errorf("accepted, with byte %d changed from %q to %q in %q", i, src[i], changed[i], src[s.from:s.to])
					}
				}
			}
			if len(protected) < 40 || count < 1000 {
				t.Errorf("%d characters in %d values: some were not found", count, len(protected))
			}
			checkCertificateFlips(t, src, certificates)
		})
	}
}

// checkCertificateFlips changes the certificate, which is not signed itself. A
// key or a name in it cannot be changed; what can, makes it another one.
func checkCertificateFlips(t *testing.T, src []byte, certificates []span) {
	t.Helper()
	want, err := Verify(src)
	if err != nil || len(certificates) == 0 {
		t.Fatalf("%d certificates (%v)", len(certificates), err)
	}
	key := want.Certificate.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	for _, s := range certificates {
		for i := s.from; i < s.to; i++ {
			if !sampled(i) {
				continue
			}
			changed := bytes.Clone(src)
			changed[i] = other(src[i])
			got, err := Verify(changed)
			if err != nil {
				continue
			}
			same := got.Subject == want.Subject && got.Issuer == want.Issuer && got.Email == want.Email &&
				bytes.Equal(got.Canonical, want.Canonical)
			if !same || got.Certificate.Equal(want.Certificate) || !key.Equal(got.Certificate.PublicKey) {
				t.Errorf("accepted, with byte %d of the certificate changed from %q to %q: %+v", i, src[i], changed[i], got)
			}
		}
	}
}

// TestFlipEveryByte: whatever byte of a file changes, either it is refused or
// it says the same, by the same signer.
func TestFlipEveryByte(t *testing.T) {
	for name, src := range flippable(t) {
		if name == "modern RSA" || name == "stratuslab RSA" {
			continue // like the others, but for what TestFlipSigned looks at
		}
		for _, flip := range []byte{0x01, 0x20} {
			t.Run(fmt.Sprintf("%s, %#x", name, flip), func(t *testing.T) {
				t.Parallel()
				checkEveryByte(t, src, flip)
			})
		}
	}
}

func checkEveryByte(t *testing.T, src []byte, flip byte) {
	t.Helper()
	want, err := Verify(src)
	if err != nil {
		t.Fatal(err)
	}
	_, certificates := signedSpans(t, src)
	accepted := 0
	for i := range src {
		if !sampled(i) {
			continue
		}
		changed := bytes.Clone(src)
		changed[i] ^= flip
		got, err := Verify(changed)
		if err != nil {
			continue
		}
		accepted++
		inCertificate := i >= certificates[0].from && i < certificates[0].to
		if !bytes.Equal(got.Canonical, want.Canonical) || !inCertificate && !got.Certificate.Equal(want.Certificate) {
			t.Errorf("byte %d changed from %q to %q: accepted as %+v", i, src[i], changed[i], got)
		}
	}
	t.Logf("accepted with %d bytes of %d changed by %#x", accepted, len(src), flip)
	if accepted == 0 {
		t.Error("not even a comment could be changed")
	}
}
