package signature

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"testing"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// nameVector is a certificate with what Java's X500Principal.getName() makes of
// its names.
type nameVector struct{ Name, Subject, Issuer, PEM string }

func nameVectors(t testing.TB) []nameVector {
	t.Helper()
	data, err := os.ReadFile("testdata/dn-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []nameVector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 19 {
		t.Fatalf("%d vectors, want 19", len(vectors))
	}
	return vectors
}

func (v nameVector) certificate(t testing.TB) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(v.PEM))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	return c
}

func TestDistinguishedNameOfJava(t *testing.T) {
	for _, v := range nameVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			c := v.certificate(t)
			if got, err := DistinguishedName(c.RawSubject); err != nil || got != v.Subject {
				t.Errorf("subject: got %q, %v, Java has %q", got, err, v.Subject)
			}
			if got, err := DistinguishedName(c.RawIssuer); err != nil || got != v.Issuer {
				t.Errorf("issuer: got %q, %v, Java has %q", got, err, v.Issuer)
			}
		})
	}
}

// commonName returns the DER of a name with one attribute.
func commonName(t testing.TB, tag int, value string) []byte {
	t.Helper()
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type partSET []attribute
	der, err := asn1.Marshal([]partSET{{{asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.RawValue{Tag: tag, Bytes: []byte(value)}}}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestDistinguishedName(t *testing.T) {
	tests := map[string]struct {
		tag   int
		value string
		want  string // "" for an error
	}{
		"specials":         {12, `a,b=c+d<e>f#g;h"i\j`, `CN=a\,b\=c\+d\<e\>f\#g\;h\"i\\j`},
		"spaces":           {12, "  a b  ", `CN=\ \ a b\ \ `},
		"only spaces":      {12, "  ", `CN=\ \ `},
		"carriage returns": {12, "\ra\rb\r", "CN=\\\ra\rb\\\r"},
		"tab and line":     {12, "\ta\n", "CN=\ta\n"},
		"empty":            {12, "", "CN="},
		"beyond ASCII":     {12, "José 日", "CN=José 日"},
		"not UTF-8":        {20, "\xe9\xe8", "CN=\ufffd\ufffd"},
		"no string":        {4, "ab", "CN=#04026162"},
		"control":          {12, "a\x01b", ""},
		"NUL":              {12, "a\x00b", `CN=a\00b`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := DistinguishedName(commonName(t, test.tag, test.value))
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
	if _, err := DistinguishedName(append(commonName(t, 12, "a"), 0)); err == nil {
		t.Error("data after the name was accepted")
	}
}

// FuzzDistinguishedName: whatever is accepted can stand in a document.
func FuzzDistinguishedName(f *testing.F) {
	for _, v := range nameVectors(f) {
		f.Add(v.certificate(f).RawSubject)
	}
	seed, err := hex.DecodeString("30003100")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, der []byte) {
		text, err := DistinguishedName(bytes.Clone(der))
		if err == nil && !strictxml.ValidText(text) {
			t.Errorf("%x gives %q, which XML cannot hold", der, text)
		}
	})
}
