package diskimage

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDigest(t *testing.T) {
	for _, test := range []struct {
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
	} {
		got, err := test.algorithm.Parse(test.digits)
		if (err == nil) != test.good {
			t.Errorf("%s %q: %v, want good %v", test.algorithm, test.digits, err, test.good)
		}
		if test.good && hex.EncodeToString(got) != strings.ToLower(test.digits) {
			t.Errorf("%s %q: got %x", test.algorithm, test.digits, got)
		}
	}
}

func FuzzParseDigest(f *testing.F) {
	for _, seed := range []string{"", "0g", "acbd18db4cc2f85cedef654fccc4a4d8", strings.Repeat("Ff", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, digits string) {
		for _, a := range Algorithms() {
			got, err := a.Parse(digits)
			if err == nil && (len(got) != a.Size() || !strings.EqualFold(hex.EncodeToString(got), digits)) {
				t.Errorf("%s %q: got %x", a, digits, got)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	digest := func(b byte, size int) []byte { return bytes.Repeat([]byte{b}, size) }
	image := Image{
		Bytes: 9, MD5: digest(1, 16), SHA1: digest(2, 20), SHA256: digest(3, 32), SHA512: digest(4, 64),
		Format: Qcow2, Compression: Gzip,
	}
	hexOf := func(b byte, size int) string { return hex.EncodeToString(digest(b, size)) }
	with := func(change func(*Image)) Image { i := image; change(&i); return i }
	for _, test := range []struct {
		name string
		want Image
		err  string // after that of ErrMismatch; empty for none
	}{
		{"everything", image, ""},
		{"nothing", Image{}, ""},
		{"one digest", Image{SHA1: image.SHA1}, ""},
		{"another size", with(func(i *Image) { i.Bytes = 10 }), " it has 9 bytes, want 10"},
		{"another MD5", with(func(i *Image) { i.MD5 = digest(9, 16) }), " its MD5 is " + hexOf(1, 16) + ", want " + hexOf(9, 16)},
		{
			"another SHA-1", with(func(i *Image) { i.SHA1 = digest(9, 20) }),
			" its SHA-1 is " + hexOf(2, 20) + ", want " + hexOf(9, 20),
		},
		{
			"another SHA-256", with(func(i *Image) { i.SHA256 = digest(9, 32) }),
			" its SHA-256 is " + hexOf(3, 32) + ", want " + hexOf(9, 32),
		},
		{
			"another SHA-512", with(func(i *Image) { i.SHA512 = digest(9, 64) }),
			" its SHA-512 is " + hexOf(4, 64) + ", want " + hexOf(9, 64),
		},
		{"a digest of another algorithm", Image{SHA1: image.MD5}, " its SHA-1 is " + hexOf(2, 20) + ", want " + hexOf(1, 16)},
		{
			"several", Image{Bytes: 1, MD5: digest(8, 16), SHA1: digest(9, 20), SHA256: image.SHA256},
			"\n  it has 9 bytes, want 1" +
				"\n  its SHA-1 is " + hexOf(2, 20) + ", want " + hexOf(9, 20) +
				"\n  its MD5 is " + hexOf(1, 16) + ", want " + hexOf(8, 16),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.want.Check(image)
			if test.err == "" {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			if !errors.Is(err, ErrMismatch) {
				t.Fatalf("got %v, want %v", err, ErrMismatch)
			}
			if diff := cmp.Diff(ErrMismatch.Error()+":"+test.err, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
