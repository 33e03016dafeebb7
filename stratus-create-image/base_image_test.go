package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
)

func TestWrongImages(t *testing.T) {
	w := newWorld(t)
	w.describe(entrytest.Description{})
	args := w.trusted(w.identifier())
	swapped := bytes.Clone(w.image)
	swapped[len(swapped)/2] ^= 1
	digests := "its SHA-512 is [0-9a-f]{128}, want [0-9a-f]{128}"
	short, page := w.image[1:], []byte("<html>busy</html>")
	for _, wrong := range []struct {
		served *[]byte
		code   int
		says   string
	}{
		{&swapped, 3, digests},
		{&short, 3, "it has 1048575 bytes, want 1048576"},
		{&page, 3, "want 1048576 .it is a web page"},
		{nil, 5, "404"},
	} {
		w.served.Store(wrong.served)
		w.run(wrong.code, args, wrong.says, regexp.QuoteMeta(w.location))
		if files, err := filepath.Glob(w.cache + "/*[^k]"); err != nil || len(files) > 0 { // other than locks
			t.Errorf("kept: %q, %v", files, err)
		}
	}
	w.served.Store(&w.image)
	w.run(2, args, obtained)
	for _, content := range [][]byte{swapped, short, []byte("QFI\xfb"), {}} {
		if err := os.Remove(w.cached()); err != nil {
			t.Fatal(err)
		}
		w.run(2, args, obtained)
		stale := w.cached()
		if err := os.Chmod(stale, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(stale, content, 0o644); err != nil {
			t.Fatal(err)
		}
		w.run(3, args, regexp.QuoteMeta(stale)+`[\s\S]*(`+digests+`|it has \d+ bytes, want 1048576)`, "hint: remove")
		w.run(3, append([]string{"--dry-run"}, args...), "hint: remove")
		w.run(2, append([]string{"--no-cache"}, args...), obtained)
	}
}
