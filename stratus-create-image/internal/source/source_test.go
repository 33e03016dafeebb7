package source

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	anIdentifier = "J7M1U1pZuOJOcq_d7bypZorP2KY"
	aDigest      = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestParse(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "disk.img", "QFI\xfb")
	write(t, "disk.xml", "QFI\xfb")
	write(t, "described", "\ufeff \n<?xml version='1.0'?><rdf:RDF/>")
	write(t, "short", "<a/>")
	write(t, "box.OVF", "<?xml version='1.0'?><Envelope/>")
	write(t, "zeros.xml", "<\x00\x00")
	write(t, "empty", "")
	write(t, "J7M1U1pZuOJOcq_d7bypZorP2K0", "a disk")
	if err := os.MkdirAll("jane@example.org", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "jane@example.org/disk", "a disk")
	sum, err := hex.DecodeString(aDigest)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		text, sha256 string
		want         Base
	}{
		{"disk.img", "", Base{Form: File, local: true}},
		{"disk.img", strings.ToUpper(aDigest), Base{Form: File, SHA256: sum, local: true}},
		{"disk.xml", "", Base{Form: File, local: true}},
		{"described", "", Base{Form: Description, local: true}},
		{"short", "", Base{Form: Description, local: true}},
		{"box.OVF", "", Base{Form: File, local: true}},
		{"box.OVF", aDigest, Base{Form: File, SHA256: sum, local: true}},
		{"zeros.xml", "", Base{Form: File, local: true}},
		{"empty", "", Base{Form: File, local: true}},
		{"missing.img", "", Base{Form: File, local: true}},
		{"/dev/zero", "", Base{Form: File, local: true}},
		{anIdentifier, "", Base{Form: Identifier}},
		{"J7M1U1pZuOJOcq_d7bypZorP2K0", "", Base{Form: File, local: true}},
		{"./" + anIdentifier, "", Base{Form: File, local: true}},
		{"jane@example.org/debian-12", "", Base{Form: Tag}},
		{"jane@example.org/disk", "", Base{Form: File, local: true}},
		{"jane@example.org/", "", Base{Form: File, local: true}},
		{"images/debian-12", "", Base{Form: File, local: true}},
		{"https://example.org/metadata/x", "", Base{Form: Description}},
		{"https://example.org/disk.img", aDigest, Base{Form: URL, SHA256: sum}},
		{"sftp://jane@example.org/disk.img", aDigest, Base{Form: URL, SHA256: sum}},
		{"FILE:///disk.img", aDigest, Base{Form: URL, SHA256: sum}},
	} {
		test.want.Text = test.text
		got, err := Parse(test.text, test.sha256)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(Base{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "described", "<rdf:RDF/>")
	for _, test := range []struct{ text, sha256, want string }{
		{"disk.img", "abc", "64 hexadecimal digits"},
		{"disk.img", aDigest + "00", "64 hexadecimal digits"},
		{anIdentifier, aDigest, "that nobody describes"},
		{"jane@example.org/debian-12", aDigest, "that nobody describes"},
		{"described", aDigest, "that nobody describes"},
		{"ftp://example.org/disk.img", aDigest, "allowed are http, https, sftp and file"},
		{"https://jane:secret@example.org/disk.img", aDigest, "it holds a user"},
		{"https://jane:secret@exa mple.org/%zz", aDigest, "cannot be read"},
	} {
		_, err := Parse(test.text, test.sha256)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"disk.img", anIdentifier, "a@b.org/tag", "https://example.org/x", "file:///x", "://", "\x00"} {
		f.Add(text, "")
		f.Add(text, aDigest)
	}
	f.Fuzz(func(t *testing.T, text, sha256 string) {
		t.Chdir(t.TempDir())
		b, err := Parse(text, sha256)
		switch {
		case err != nil:
			return
		case b.Text != text:
			t.Errorf("%q became %q", text, b.Text)
		case b.Described() && b.SHA256 != nil:
			t.Errorf("%q is described and digested", text)
		case b.Form == URL && b.SHA256 == nil:
			t.Errorf("nothing says what is at %q", text)
		}
	})
}
