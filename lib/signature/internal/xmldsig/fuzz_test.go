package xmldsig

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// FuzzVerify: every refusal says whether it is the document or its signature,
// and what is accepted was signed in the form in which it is handed out.
func FuzzVerify(f *testing.F) {
	files, err := filepath.Glob("../../../testdata/vectors/signed-by-stratuslab/*.xml")
	if err != nil || len(files) != 15 {
		f.Fatalf("%d signed documents, want 15 (%v)", len(files), err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, id := range identities(f) {
		signed, err := signBytes(generate(r), id.Signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(signed)
	}
	f.Add([]byte(`<a><Signature xmlns="` + Namespace + `"/></a>`))
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := verifyBytes(src)
		if err != nil {
			if got != nil || errors.Is(err, ErrBad) == errors.Is(err, strictxml.ErrSyntax) {
				t.Errorf("%+v, error %q, want nothing but an error that wraps ErrBad or ErrSyntax", got, err)
			}
			return
		}
		doc, err := strictxml.Parse(got.Content, strictxml.Limits{Bytes: 8 << 20})
		if err != nil {
			t.Fatalf("what was signed cannot be read: %v", err)
		}
		// The content does not tell by which method it was made.
		for _, exclusive := range []bool{false, true} {
			again, err := Canonicalization{Exclusive: exclusive}.Document(doc, nil)
			if err == nil && bytes.Equal(again, got.Content) {
				return
			}
		}
		t.Errorf("what was signed is not canonical: %q", got.Content)
	})
}
