package signature

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature/internal/xmldsig"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// signBytes signs a document as it came.
func signBytes(src []byte, s Signer) ([]byte, error) {
	doc, err := metadata.Parse(src)
	if err != nil {
		return nil, err
	}
	return Sign(doc, s)
}

func sign(t testing.TB, src []byte, s Signer) []byte {
	t.Helper()
	signed, err := signBytes(src, s)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func plain(t testing.TB) []byte { return read(t, "vectors/plain.xml") }

// replaced replaces text that must be there, once.
func replaced(t testing.TB, src []byte, old, with string) []byte {
	t.Helper()
	if n := bytes.Count(src, []byte(old)); n != 1 {
		t.Fatalf("%q occurs %d times, want once", old, n)
	}
	return bytes.Replace(src, []byte(old), []byte(with), 1)
}

// unsigned takes the Signature out of a document, by its bytes.
func unsigned(t testing.TB, src []byte) []byte {
	t.Helper()
	doc, err := xmldsig.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	found := doc.Root.Descendants(strictxml.Name{URI: xmldsig.Namespace, Local: "Signature"})
	if len(found) != 1 {
		t.Fatalf("%d signatures, want 1", len(found))
	}
	return append(bytes.Clone(src[:found[0].Start]), src[found[0].End:]...)
}

const emptyEndorsement = `<slreq:endorsement rdf:parseType="Resource"/>`

// filled is the endorsement that a signer with these names makes, at the
// indentation of the vectors.
func filled(email, subject, issuer string) string {
	return fmt.Sprintf(`<slreq:endorsement rdf:parseType="Resource">
      <dcterms:created>2026-11-23T01:02:03Z</dcterms:created>
      <slreq:endorser rdf:parseType="Resource">
        <slreq:email>%s</slreq:email>
        <slreq:subject>%s</slreq:subject>
        <slreq:issuer>%s</slreq:issuer>
      </slreq:endorser>
    </slreq:endorsement>`, email, subject, issuer)
}

// TestSignChangesNothingElse: all but the endorsement and the signature is as
// it was, byte by byte, whatever the document holds.
func TestSignChangesNothingElse(t *testing.T) {
	signer := ecdsaSignerOf(t)
	names := []string{"eve@example.org", `CN=Eve\, the \"curve\" \&lt;&amp;\&gt;,C=FR`}
	for _, name := range vectorDocuments {
		if name == "cdata-lang" {
			continue // breaks the schema, and is refused
		}
		for ends, crlf := range map[string]bool{"as it is": false, "CRLF": true} {
			t.Run(name+" "+ends, func(t *testing.T) {
				src := read(t, "vectors/"+name+".xml")
				want := filled(names[0], names[1], names[1])
				if crlf {
					src = bytes.ReplaceAll(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
					want = strings.ReplaceAll(want, "\n", "\r\n")
				}
				want = string(replaced(t, src, emptyEndorsement, want))
				got := string(unsigned(t, sign(t, src, signer)))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("without the signature (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func ecdsaSignerOf(t testing.TB) Signer { return vectorKeys(t)["ecdsa"] }

// TestSignAgain: an earlier endorsement and signature are replaced.
func TestSignAgain(t *testing.T) {
	keys := vectorKeys(t)
	once := sign(t, plain(t), keys["rsa-san"])
	twice := sign(t, once, keys["ecdsa"])
	if diff := cmp.Diff(string(unsigned(t, sign(t, plain(t), keys["ecdsa"]))), string(unsigned(t, twice))); diff != "" {
		t.Errorf("signed again, against signed once (-once +again):\n%s", diff)
	}
	// What the original software signed, too.
	for _, name := range []string{"plain", "comment", "crlf-empty", "extension"} {
		by, err := Verify(sign(t, read(t, "vectors/signed-by-stratuslab/"+name+".rsa-san.xml"), keys["ecdsa"]))
		if err != nil || by.Email != "eve@example.org" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSignPlaces: where the endorsement goes.
func TestSignPlaces(t *testing.T) {
	src := plain(t)
	line := "\n    " + emptyEndorsement
	tests := map[string][]byte{
		"none":  replaced(t, src, line, ""),
		"empty": src,
		"filled": replaced(t, src, emptyEndorsement,
			`<slreq:endorsement rdf:parseType="Resource"><!-- x -->old</slreq:endorsement>`),
		"two": replaced(t, src, emptyEndorsement, emptyEndorsement+emptyEndorsement),
		"at the end": replaced(t, replaced(t, src, line, ""), "\n  </rdf:Description>",
			emptyEndorsement+"\n  </rdf:Description>"),
		"beside a signature": replaced(t, src, line, `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`),
		"without Resource":   replaced(t, src, emptyEndorsement, "<slreq:endorsement/>"),
	}
	signer := ecdsaSignerOf(t)
	want := string(unsigned(t, sign(t, src, signer)))
	for name, src := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, string(unsigned(t, sign(t, src, signer)))); diff != "" {
				t.Errorf("without the signature (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSignPrefixes: names are written with the prefixes that the document has.
func TestSignPrefixes(t *testing.T) {
	src := string(plain(t))
	tests := map[string]*strings.Replacer{
		"others": strings.NewReplacer("dcterms:", "dc:", ":dcterms=", ":dc=", "slreq:", "q:", ":slreq=", ":q="),
		"exchanged": strings.NewReplacer("dcterms:", "slreq:", ":dcterms=", ":slreq=", "slreq:", "dcterms:", ":slreq=",
			":dcterms="),
		"default only": strings.NewReplacer("slreq:", "", ":slreq=", "="),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			if by, err := Verify(sign(t, []byte(r.Replace(src)), ecdsaSignerOf(t))); err != nil || by.Email != "eve@example.org" {
				t.Error(err)
			}
		})
	}
}

func TestSignEmail(t *testing.T) {
	keys := vectorKeys(t)
	for name, want := range endorsers {
		s := keys[name]
		s.Email = "given@example.org"
		by, err := Verify(sign(t, plain(t), s))
		if err != nil || by.Email != want || by.EmailCertified != (name != "rsa-nosan") {
			t.Errorf("%s: endorsed by %q (%v), want %q", name, by.Email, err, want)
		}
	}
	s := keys["rsa-nosan"]
	s.Email = ""
	if _, err := signBytes(plain(t), s); !errors.Is(err, ErrNoEmail) {
		t.Errorf("got %v, want ErrNoEmail", err)
	}
	s.Email = "Jane <jane@example.org>"
	if _, err := signBytes(plain(t), s); !errors.Is(err, ErrEmail) {
		t.Errorf("got %v, want ErrEmail", err)
	}
}

func TestSignRefuses(t *testing.T) {
	src := plain(t)
	signer := ecdsaSignerOf(t)
	const location = "\n    <slterms:location>http://example.org/images/J7M1U1pZuOJOcq_d7bypZorP2KY.img</slterms:location>"
	const valid = "\n    <dcterms:valid>2099-01-01T00:00:00Z</dcterms:valid>"
	tests := map[string]struct {
		src  []byte
		want string
	}{
		"no XML":               {[]byte("hello"), "text outside the root"},
		"no location":          {replaced(t, src, location, ""), "no URI in any slterms:location"},
		"no valid":             {replaced(t, src, valid, ""), "no time in dcterms:valid"},
		"another identifier":   {replaced(t, src, ">J7M1U", ">A7M1U"), "dcterms:identifier"},
		"no checksum":          {bytes.ReplaceAll(src, []byte("slreq:checksum"), []byte("slreq:other")), "no slreq:checksum"},
		"no description":       {bytes.ReplaceAll(src, []byte("rdf:Description"), []byte("rdf:Other")), "want exactly 1"},
		"empty root":           {[]byte("<a/>"), "want rdf:RDF"},
		"type with parse type": {read(t, "vectors/cdata-lang.xml"), "parseType"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := signBytes(test.src, signer)
			if got != nil || !errors.Is(err, metadata.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %d bytes, %v, want an error about %q", len(got), err, test.want)
			}
		})
	}
	signer.Level = metadata.Complete &^ metadata.Located
	if _, err := signBytes(replaced(t, src, location, ""), signer); err != nil {
		t.Errorf("without a location, which is not asked for: %v", err)
	}
	signer.Profile = StratusLab
	if _, err := signBytes(src, signer); !errors.Is(err, ErrProfile) {
		t.Errorf("ECDSA for StratusLab: %v, want ErrProfile", err)
	}
}

// TestSignChain: the chain stands apart from the signer's certificate.
func TestSignChain(t *testing.T) {
	keys := vectorKeys(t)
	s := keys["ecdsa"]
	s.Chain = append(s.Chain, keys["rsa-san"].Certificate, keys["rsa-utf8"].Certificate)
	signed := sign(t, plain(t), s)
	by, err := Verify(signed)
	if err != nil || !by.Certificate.Equal(s.Certificate) || len(by.Chain) != 2 || !by.Chain[1].Equal(s.Chain[1]) {
		t.Fatalf("signed by %+v (%v)", by, err)
	}
	if n := bytes.Count(signed, []byte("<X509Data>")); n != 2 {
		t.Errorf("%d X509Data, want 2", n)
	}
}

// TestSignChecks: a key that is not the certificate's gives no document.
func TestSignChecks(t *testing.T) {
	keys := vectorKeys(t)
	s := keys["rsa-san"]
	s.Key = keys["rsa-utf8"].Key
	if signed, err := signBytes(plain(t), s); err == nil || !strings.Contains(err.Error(), "verifying the new signature") {
		t.Errorf("got %d bytes, %v", len(signed), err)
	}
}

// TestSignDecoy: an endorsement inside an extension is not replaced, and such a
// document is refused.
func TestSignDecoy(t *testing.T) {
	decoy := `<e:x xmlns:e="http://example.org/" rdf:parseType="Resource">` + emptyEndorsement + "</e:x></rdf:Description>"
	src := replaced(t, plain(t), "</rdf:Description>", decoy)
	doc, err := metadata.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	if err := Signable(doc, metadata.Complete&^metadata.Located); !errors.Is(err, metadata.ErrInvalid) {
		t.Errorf("signable: got %v, want %v", err, metadata.ErrInvalid)
	}
	if _, err := signBytes(src, ecdsaSignerOf(t)); !errors.Is(err, metadata.ErrInvalid) {
		t.Errorf("signing: got %v, want %v", err, metadata.ErrInvalid)
	}
}
