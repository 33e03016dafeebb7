package describe

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stratuslab/stratus/lib/compress"
)

func pack(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImage(t *testing.T) {
	content := append([]byte("QFI\xfb\x00\x00\x00\x03"), make([]byte, 4096)...)
	for kind, packed := range map[compress.Kind][]byte{compress.None: content, compress.Gzip: pack(t, content)} {
		got, err := Image(context.Background(), iotest.OneByteReader(bytes.NewReader(packed)))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha512.Sum512(content)
		if got.Bytes != int64(len(content)) || !bytes.Equal(got.SHA512, sum[:]) || got.Format != "qcow2" || got.Compression != kind {
			t.Errorf("%q: got %+v", kind, got)
		}
	}
}

func TestImageErrors(t *testing.T) {
	packed := pack(t, []byte("content"))
	if _, err := Image(context.Background(), bytes.NewReader(packed[:len(packed)-1])); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("cut short: %v, want %v", err, compress.ErrCorrupt)
	}
	broken := errors.New("wire cut")
	if _, err := Image(context.Background(), iotest.ErrReader(broken)); !errors.Is(err, broken) || errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("unreadable: %v, want %v", err, broken)
	}
}

func TestParseChecksum(t *testing.T) {
	tests := []struct {
		algorithm Algorithm
		digits    string
		good      bool
	}{
		{MD5, "acbd18db4cc2f85cedef654fccc4a4d8", true},
		{MD5, "ACBD18DB4CC2F85CEDEF654FCCC4A4D8", true},
		{SHA1, strings.Repeat("0a", 20), true},
		{SHA256, strings.Repeat("0a", 32), true},
		{SHA512, strings.Repeat("0a", 64), true},
		{MD5, "", false},
		{MD5, "acbd18db4cc2f85cedef654fccc4a4d", false},
		{MD5, "acbd18db4cc2f85cedef654fccc4a4dg", false},
		{MD5, " cbd18db4cc2f85cedef654fccc4a4d8", false},
		{SHA1, strings.Repeat("0a", 32), false},
		{SHA512, strings.Repeat("0a", 63), false},
	}
	for _, tt := range tests {
		got, err := ParseChecksum(tt.algorithm, tt.digits)
		if (err == nil) != tt.good {
			t.Errorf("%s %q: %v, want good %v", tt.algorithm, tt.digits, err, tt.good)
		}
		if tt.good && hex.EncodeToString(got.Value) != strings.ToLower(tt.digits) {
			t.Errorf("%s %q: got %x", tt.algorithm, tt.digits, got.Value)
		}
	}
}

func FuzzParseChecksum(f *testing.F) {
	for _, seed := range []string{"", "0g", "acbd18db4cc2f85cedef654fccc4a4d8", strings.Repeat("Ff", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, digits string) {
		for _, a := range []Algorithm{MD5, SHA1, SHA256, SHA512} {
			got, err := ParseChecksum(a, digits)
			if err == nil && (len(got.Value) != a.size() || !strings.EqualFold(hex.EncodeToString(got.Value), digits)) {
				t.Errorf("%s %q: got %x", a, digits, got.Value)
			}
		}
	})
}

func TestVerify(t *testing.T) {
	image, err := Image(context.Background(), strings.NewReader("foo"))
	if err != nil {
		t.Fatal(err)
	}
	good := Checksum{MD5, image.MD5}
	tests := []struct {
		name     string
		expected []Checksum
		want     string
	}{
		{"nothing expected", nil, ""},
		{"all right", []Checksum{good, {SHA1, image.SHA1}, {SHA256, image.SHA256}, {SHA512, image.SHA512}}, ""},
		{"one wrong", []Checksum{good, {SHA1, make([]byte, 20)}}, "SHA-1 checksum: got 0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33, want 0000000000000000000000000000000000000000"},
		{"another algorithm's", []Checksum{{SHA1, image.MD5}}, "SHA-1 checksum: got 0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33, want acbd18db4cc2f85cedef654fccc4a4d8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := image.Verify(tt.expected)
			if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
