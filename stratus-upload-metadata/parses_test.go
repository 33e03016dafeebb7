package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// TestParses counts how many times a document is parsed while it is published in
// a directory.
func TestParses(t *testing.T) {
	const most = 3
	src := documents(t)["newer"]
	file, registry := filepath.Join(t.TempDir(), "newer.xml"), t.TempDir()
	if err := os.WriteFile(file, src, 0o600); err != nil {
		t.Fatal(err)
	}
	before := strictxml.Parses()
	var stdout, stderr bytes.Buffer
	streams := command.Streams{In: new(bytes.Buffer), Out: &stdout, Err: &stderr}
	if code := command.Run(t.Context(), program(), []string{"--marketplace-endpoint", registry, file}, streams); code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	if got := strictxml.Parses() - before; got < 1 || got > most {
		t.Errorf("%d parses, want at most %d", got, most)
	}
}
