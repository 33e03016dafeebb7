package base

import (
	"crypto/sha256"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const anIdentifier = "J7M1U1pZuOJOcq_d7bypZorP2KY"

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestParseName(t *testing.T) {
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
	sum := make([]byte, sha256.Size)
	for _, test := range []struct {
		text   string
		sha256 []byte
		want   Name
	}{
		{"disk.img", nil, Name{Form: File, local: true}},
		{"disk.img", sum, Name{Form: File, local: true}},
		{"disk.xml", nil, Name{Form: File, local: true}},
		{"described", nil, Name{Form: Description, local: true}},
		{"short", nil, Name{Form: Description, local: true}},
		{"box.OVF", nil, Name{Form: File, local: true}},
		{"box.OVF", sum, Name{Form: File, local: true}},
		{"zeros.xml", nil, Name{Form: File, local: true}},
		{"empty", nil, Name{Form: File, local: true}},
		{"missing.img", nil, Name{Form: File, local: true}},
		{"/dev/zero", nil, Name{Form: File, local: true}},
		{anIdentifier, nil, Name{Form: Identifier}},
		{"J7M1U1pZuOJOcq_d7bypZorP2K0", nil, Name{Form: File, local: true}},
		{"./" + anIdentifier, nil, Name{Form: File, local: true}},
		{"jane@example.org/debian-12", nil, Name{Form: Tag}},
		{"jane@example.org/disk", nil, Name{Form: File, local: true}},
		{"jane@example.org/", nil, Name{Form: File, local: true}},
		{"images/debian-12", nil, Name{Form: File, local: true}},
		{"https://example.org/metadata/x", nil, Name{Form: Description}},
		{"https://example.org/disk.img", sum, Name{Form: URL}},
		{"sftp://jane@example.org/disk.img", sum, Name{Form: URL}},
		{"FILE:///disk.img", sum, Name{Form: URL}},
	} {
		test.want.Text, test.want.SHA256 = test.text, test.sha256
		got, err := ParseName(test.text, test.sha256)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(Name{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "described", "<rdf:RDF/>")
	sum := make([]byte, sha256.Size)
	for _, test := range []struct {
		text   string
		sha256 []byte
		want   string
	}{
		{anIdentifier, sum, "without a signed description"},
		{"jane@example.org/debian-12", sum, "without a signed description"},
		{"described", sum, "without a signed description"},
		{"ftp://example.org/disk.img", sum, "want http, https, sftp or file"},
		{"https://jane:secret@example.org/disk.img", sum, "a user name is not supported"},
		{"https://jane:secret@exa mple.org/%zz", sum, "not a valid URL"},
	} {
		_, err := ParseName(test.text, test.sha256)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, text := range []string{"disk.img", anIdentifier, "a@b.org/tag", "https://example.org/x", "file:///x", "://", "\x00"} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, digested bool) {
		t.Chdir(t.TempDir())
		var sum []byte
		if digested {
			sum = make([]byte, sha256.Size)
		}
		b, err := ParseName(text, sum)
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
