package files

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOpenRegular(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("file"), "content", 0o600)
	if err := errors.Join(os.Symlink("file", at("link")), unix.Mkfifo(at("pipe"), 0o600), os.Mkdir(at("dir"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		follow bool
		want   error
	}{
		{"file", false, nil},
		{"link", true, nil},
		{"link", false, ErrIrregular},
		{"pipe", true, ErrIrregular},
		{"dir", true, ErrIrregular},
		{"missing", true, os.ErrNotExist},
	} {
		f, err := OpenRegular(at(test.name), os.O_RDONLY, test.follow)
		if !errors.Is(err, test.want) || (err != nil) != (test.want != nil) {
			t.Errorf("%s, follow %t: %v, want %v", test.name, test.follow, err, test.want)
		}
		if err == nil {
			_ = f.Close()
		} else if !strings.Contains(err.Error(), at(test.name)) {
			t.Errorf("%s: the error %q does not have the path", test.name, err)
		}
	}
}

func TestReadAll(t *testing.T) {
	if text, err := ReadAll(strings.NewReader("1234"), 4); string(text) != "1234" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := ReadAll(strings.NewReader("12345"), 4); text != nil || !errors.Is(err, ErrTooLarge) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestHead(t *testing.T) {
	h := &Head{Limit: 5}
	for _, text := range []string{"abc", "", "def", "ghi"} {
		if n, err := h.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("writing %q: %d, %v", text, n, err)
		}
	}
	if got := string(h.Bytes()); got != "abcde" {
		t.Errorf("kept %q, want %q", got, "abcde")
	}
}
