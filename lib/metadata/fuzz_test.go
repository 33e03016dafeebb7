package metadata

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// FuzzParse looks for a panic, for a document that is written otherwise than it
// was read, and for one that Check accepts and the readers then cannot use.
func FuzzParse(f *testing.F) {
	f.Add(odd)
	for _, pattern := range []string{"testdata/*.xml", "../testdata/vectors/*.xml",
		"../testdata/vectors/signed-by-stratuslab/*.xml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no documents %s: %v", pattern, err)
		}
		for _, file := range files {
			f.Add(source(f, "../"+file))
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		d, err := Parse([]byte(src))
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want one that wraps ErrInvalid", err)
			}
			return
		}
		once := write(t, d)
		if len(once) > MaxBytes {
			return // escapes have made it too long to be read
		}
		if diff := cmp.Diff(infoset(t, src), infoset(t, once)); diff != "" {
			t.Errorf("written again (-want +got):\n%s", diff)
		}
		if twice := write(t, mustParse(t, once)); twice != once {
			t.Errorf("written a second time (-want +got):\n%s", cmp.Diff(once, twice))
		}
		checkAndUse(t, d)
		d.Unsign()
		if d.Signed() || d.Unsign() {
			t.Error("still signed or endorsed")
		}
		d.SetImage(diskimage.Image{Bytes: 1, SHA1: make([]byte, 20)})
		if got, err := d.Image(); err != nil || IdentifierOf(got.SHA1) != d.Text(Identifier) {
			t.Errorf("image %v, %v; want identifier %q", got, err, d.Text(Identifier))
		}
		infoset(t, write(t, d)) // which must be readable
	})
}

// checkAndUse makes sure that what Check accepts has all that the callers read.
func checkAndUse(t *testing.T, d *Document) {
	draft, complete := d.Check(Draft), d.Check(Complete)
	for _, err := range []error{draft, complete} {
		if err != nil && (!errors.Is(err, ErrInvalid) || !strictxml.ValidText(err.Error())) {
			t.Errorf("error %q, want printable text that wraps ErrInvalid", err)
		}
	}
	if draft == nil {
		image, err := d.Image()
		if err != nil || IdentifierOf(image.SHA1) != d.Text(Identifier) {
			t.Errorf("good draft of image %v, %v", image, err)
		}
	} else if complete == nil {
		t.Errorf("complete, and yet not a draft: %v", draft)
	}
	if complete == nil {
		e, ok := d.Endorsement()
		if !ok || e.Created == "" || e.Email == "" || e.Subject == "" || len(e.Issuers) == 0 || d.Text(Valid) == "" ||
			d.Text(Type) == "" {
			t.Errorf("complete document with endorsement %v", e)
		}
	}
}

// FuzzSetText looks for a text that is read otherwise than it was set.
func FuzzSetText(f *testing.F) {
	for _, s := range []string{"", " ", "a & b <c> \"d\"", "\r\n\t\r", "]]>", "é 日 \U0001F600", "\x00", "\xff", "\ufffd",
		"\ufeff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := New()
		d.SetText(Title, text)
		src, err := d.Bytes()
		if valid := strictxml.ValidText(text); valid != (err == nil) && len(text) < MaxBytes/6 {
			t.Fatalf("writing %q: error %v, want one: %v", text, err, !valid)
		}
		if err != nil {
			return
		}
		if got := mustParse(t, string(src)).Text(Title); got != text {
			t.Errorf("text %q when read again, want %q", got, text)
		}
	})
}
