package signature

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// FuzzVerify: every refusal names its stage, and whoever reads the signed bytes
// of what is accepted finds the same sound document.
func FuzzVerify(f *testing.F) {
	for name := range endorsers {
		for _, document := range vectorDocuments {
			f.Add(read(f, filepath.Join("vectors/signed-by-stratuslab", document+"."+name+".xml")))
		}
	}
	for _, signer := range vectorKeys(f) {
		f.Add(sign(f, read(f, "vectors/comment.xml"), signer))
	}
	f.Add(plain(f))
	f.Fuzz(func(t *testing.T, src []byte) {
		by, err := Verify(src)
		if err != nil {
			checkRefused(t, by, err)
			return
		}
		doc, err := metadata.Parse(by.Canonical)
		if err != nil {
			t.Fatalf("the signed bytes cannot be read: %v", err)
		}
		if err := doc.Check(metadata.Endorsed); err != nil {
			t.Errorf("the signed bytes are no sound document: %v", err)
		}
		said, ok := doc.Endorsement()
		if !ok || said.Email != by.Email || said.Subject != by.Subject || len(said.Issuers) != 1 ||
			said.Issuers[0] != by.Issuer ||
			said.Created != metadata.FormatTime(by.Created) {
			t.Errorf("the signed bytes say %+v, and the verification says %+v", said, by)
		}
		if doc.Signed() || by.Certificate == nil || !strictxml.ValidText(by.Subject+by.Issuer+by.Email) {
			t.Errorf("accepted as %+v", by)
		}
	})
}

func checkRefused(t *testing.T, by *Endorsed, err error) {
	t.Helper()
	var refused *Error
	if by != nil || !errors.As(err, &refused) || !strictxml.ValidText(err.Error()) {
		t.Fatalf("got %+v, %q, want nothing but printable text in an *Error", by, err)
	}
	switch refused.Stage {
	case StageSignature, StageIdentity:
		if refused.By != nil {
			t.Errorf("refused for its %s, but signed by %+v", refused.Stage, refused.By)
		}
	case StageDocument:
	default:
		t.Errorf("refused at stage %q", refused.Stage)
	}
}

// FuzzSign: a document is refused as such, or comes out endorsed and otherwise
// as it went in.
func FuzzSign(f *testing.F) {
	for _, name := range vectorDocuments {
		f.Add(read(f, "vectors/"+name+".xml"))
		f.Add(read(f, "vectors/signed-by-stratuslab/"+name+".rsa-san.xml"))
	}
	signer := ecdsaSignerOf(f)
	signer.Level = metadata.Draft
	f.Fuzz(func(t *testing.T, src []byte) {
		signed, err := signBytes(src, signer)
		if err != nil {
			if signed != nil || !errors.Is(err, metadata.ErrInvalid) {
				t.Errorf("%d bytes, error %v, want nothing but an error that wraps ErrInvalid", len(signed), err)
			}
			return
		}
		again, err := signBytes(signed, signer)
		if err != nil {
			t.Fatalf("cannot be signed again: %v", err)
		}
		if diff := cmp.Diff(string(unsigned(t, signed)), string(unsigned(t, again))); diff != "" {
			t.Errorf("signed again, against signed once (-once +again):\n%s", diff)
		}
	})
}
