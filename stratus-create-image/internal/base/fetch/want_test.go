package fetch

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
)

func TestCheck(t *testing.T) {
	got, err := digest.Raw(t.Context(), strings.NewReader("the image"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(sum []byte) []byte {
		other := bytes.Clone(sum)
		other[0] ^= 1
		return other
	}
	whole := diskimage.Image{Bytes: got.Bytes, MD5: got.MD5, SHA1: got.SHA1, SHA256: got.SHA256, SHA512: got.SHA512}
	with := func(change func(*diskimage.Image)) Want { i := whole; change(&i); return Want{Image: i} }
	file := sha256.Sum256([]byte("compressed"))
	for _, test := range []struct {
		name  string
		claim Want
		file  []byte
		want  string // part of the error; empty for none
	}{
		{"everything", Want{Image: whole}, nil, ""},
		{"nothing", Want{}, nil, ""},
		{"SHA-1 alone", Want{Image: diskimage.Image{SHA1: got.SHA1}}, nil, ""},
		{"size", with(func(i *diskimage.Image) { i.Bytes++ }), nil, "it has 9 bytes, want 10"},
		{"MD5", with(func(i *diskimage.Image) { i.MD5 = flipped(i.MD5) }), nil, "its MD5 is"},
		{"SHA-1", with(func(i *diskimage.Image) { i.SHA1 = flipped(i.SHA1) }), nil, "its SHA-1 is"},
		{"SHA-256", with(func(i *diskimage.Image) { i.SHA256 = flipped(i.SHA256) }), nil, "its SHA-256 is"},
		{"SHA-512", with(func(i *diskimage.Image) { i.SHA512 = flipped(i.SHA512) }), nil, "its SHA-512 is"},
		{"of the content", Want{SHA256: got.SHA256}, file[:], ""},
		{"of the file", Want{SHA256: file[:]}, file[:], ""},
		{"of neither", Want{SHA256: flipped(file[:])}, file[:], "uncompressed"},
		{"of the file that is gone", Want{SHA256: file[:]}, nil, "its SHA-256 is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.claim.Check(got, test.file)
			if (err == nil) != (test.want == "") || err != nil &&
				(!strings.Contains(err.Error(), test.want) || !errors.Is(err, diskimage.ErrMismatch)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestName(t *testing.T) {
	for _, test := range []struct {
		claim Want
		want  string
	}{
		{Want{}, ""},
		{Want{Image: diskimage.Image{SHA1: []byte{1}, MD5: []byte{2}}}, "sha1-01"},
		{Want{Image: diskimage.Image{SHA1: []byte{1}, SHA512: []byte{5}}}, "sha512-05"},
		{Want{Image: diskimage.Image{SHA1: []byte{1}, SHA256: []byte{2}, SHA512: []byte{5}}}, "sha256-02"},
		{Want{SHA256: []byte{2}}, "file-sha256-02"},
	} {
		if got := test.claim.Name(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
