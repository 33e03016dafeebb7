package diskimage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCompression(t *testing.T) {
	good := map[string]Compression{
		"": None, "none": None,
		"gz": Gzip, "gzip": Gzip,
		"bz2": Bzip2, "bzip2": Bzip2,
		"xz":  Xz,
		"zst": Zstd, "zstd": Zstd,
	}
	for name, want := range good {
		if got, err := ParseCompression(name); err != nil || got != want {
			t.Errorf("ParseCompression(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"GZ", "lzma", " gz", "tar.gz"} {
		if got, err := ParseCompression(name); err == nil {
			t.Errorf("ParseCompression(%q) = %q, want an error", name, got)
		}
	}
}

func TestDetectCompression(t *testing.T) {
	type row struct {
		Head string
		Want Compression
	}
	for _, want := range []row{
		{"", None},
		{"\x1f\x8b", None},
		{"\x1f\x8b\x08", Gzip},
		{"\x1f\x8b\x07\x00\x00\x00", None},
		{"BZh", None},
		{"BZh0AY", None},
		{"BZh1", Bzip2},
		{"BZh91AY&SY", Bzip2},
		{"\xfd7zXZ", None},
		{"\xfd7zXZ\x00", Xz},
		{"\x28\xb5\x2f", None},
		{"\x28\xb5\x2f\xfd\x00\x00", Zstd},
		{"\x50\x2a\x4d\x18\x00\x00", Zstd},
		{"\x5f\x2a\x4d\x18\x00\x00", Zstd},
		{"\x60\x2a\x4d\x18\x00\x00", None},
		{"QFI\xfb\x00\x00", None},
	} {
		got := row{want.Head, DetectCompression([]byte(want.Head))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("DetectCompression(%q): %s", want.Head, diff)
		}
	}
}
