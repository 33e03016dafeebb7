package files

import (
	"bytes"
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

func TestLimitWriter(t *testing.T) {
	beyond := errors.New("beyond")
	var b bytes.Buffer
	w := LimitWriter(&b, 4, beyond)
	for _, test := range []struct {
		text string
		want error
	}{{"123", nil}, {"45", beyond}, {"4", nil}, {"5", beyond}} {
		if _, err := w.Write([]byte(test.text)); err != test.want {
			t.Errorf("%q: %v, want %v", test.text, err, test.want)
		}
	}
	if b.String() != "1234" {
		t.Errorf("got %q", &b)
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
