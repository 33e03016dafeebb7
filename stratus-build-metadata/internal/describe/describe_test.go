package describe

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// described is a document of an image, with the given times.
func described(sha1 byte, created, valid string) *metadata.Document {
	doc := metadata.New()
	complete(doc, required())
	doc.SetImage(diskimage.Image{SHA1: bytes.Repeat([]byte{sha1}, 20)})
	doc.SetText(metadata.Created, created)
	doc.SetText(metadata.Valid, valid)
	return doc
}

func TestTimes(t *testing.T) {
	const old, present = "2020-01-01T00:00:00Z", "2026-01-02T03:04:05Z"
	tests := []struct {
		name           string
		created, valid string
		validFor       time.Duration
		image          *diskimage.Image // with the SHA-1 digest 0101...
		want           [2]string        // created and valid
	}{
		{"both missing", "", "", 0, nil, [2]string{present, "2026-07-01T03:04:05Z"}},
		{"both there", old, old, 0, nil, [2]string{old, old}},
		{"asked for", old, old, 24 * time.Hour, nil, [2]string{old, "2026-01-03T03:04:05Z"}},
		{"the same image", old, old, 0, &diskimage.Image{SHA1: bytes.Repeat([]byte{1}, 20)}, [2]string{old, old}},
		{"another image", old, old, 0, &diskimage.Image{SHA1: bytes.Repeat([]byte{2}, 20)}, [2]string{present, old}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := described(1, tt.created, tt.valid)
			Options{ValidFor: tt.validFor}.setTimes(doc, now)
			if tt.image != nil {
				setImage(doc, tt.image, now)
			}
			if diff := cmp.Diff(tt.want, [2]string{doc.Text(metadata.Created), doc.Text(metadata.Valid)}); diff != "" {
				t.Errorf("created and valid (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever old readers insist on must be there in every document.
func TestRequiredByOldReaders(t *testing.T) {
	doc := metadata.New()
	complete(doc, required())
	Options{}.setTimes(doc, now)
	setImage(doc, &diskimage.Image{SHA1: make([]byte, 20)}, now)
	for _, term := range []metadata.Term{
		metadata.Identifier, metadata.Bytes, metadata.Type, metadata.Created, metadata.Valid, metadata.Description,
		metadata.Compression, metadata.OS, metadata.OSArch, metadata.OSVersion, metadata.Version,
	} {
		if !doc.Has(term) {
			t.Errorf("%v is missing", term)
		}
	}
	if err := doc.Check(metadata.Draft); err != nil {
		t.Error(err)
	}
}

func TestStillDescribes(t *testing.T) {
	found := &diskimage.Image{
		Bytes: 3, SHA1: bytes.Repeat([]byte{1}, 20), MD5: make([]byte, 16),
		Format: "qcow2", Compression: "gz",
	}
	compared := "comparing the document with the image that was read: " + diskimage.ErrMismatch.Error() + ": "
	tests := []struct {
		name   string
		change func(*metadata.Document)
		want   string
	}{
		{"unchanged", func(*metadata.Document) {}, ""},
		{"another title", func(d *metadata.Document) { d.SetText(metadata.Title, "x") }, ""},
		{"another size", func(d *metadata.Document) { d.SetText(metadata.Bytes, "4") }, compared + "it has 4 bytes, want 3"},
		{"another checksum", func(d *metadata.Document) {
			d.SetImage(diskimage.Image{Bytes: 3, SHA1: found.SHA1, MD5: bytes.Repeat([]byte{2}, 16)})
		}, compared + "its MD5 is " + strings.Repeat("02", 16) + ", want " + strings.Repeat("00", 16)},
		{
			"another format", func(d *metadata.Document) { d.SetText(metadata.Format, "raw") },
			`dcterms:format: got "raw", but the image that was read has "qcow2"`,
		},
		{
			"another compression", func(d *metadata.Document) { d.SetText(metadata.Compression, "") },
			`dcterms:compression: got "", but the image that was read has "gz"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := described(9, "", "")
			setImage(doc, found, now)
			tt.change(doc)
			err := stillDescribes(doc, found)
			if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err := stillDescribes(doc, nil); err != nil {
				t.Errorf("without an image: %v", err)
			}
		})
	}
}
