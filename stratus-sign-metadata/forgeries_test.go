package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/command/commandtest"
)

// TestForgeries: no forgery passes, even where both the victim and the attacker
// are trusted. The files are some of those that the tests of lib/signature
// make, which also show what is wrong with each and who accepts it.
func TestForgeries(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("SOURCE_DATE_EPOCH", "1800000000")
	files, err := filepath.Glob("testdata/forgeries/*.xml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d forgeries, want at least 20 (%v)", len(files), err)
	}
	verify := func(file string) (code int, out string) {
		var stdout, stderr bytes.Buffer
		args := []string{"--verify"}
		for _, key := range []string{"rsa-san", "rsa-nosan", "rsa-utf8"} {
			args = append(args, "--trust", filepath.Join(commandtest.Vectors, key+".pem"))
		}
		streams := command.Streams{In: &stdout, Out: &stdout, Err: &stderr}
		code = command.Run(context.Background(), program(), append(args, file), streams)
		return code, stdout.String()
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".xml"), func(t *testing.T) {
			code, out := verify(file)
			if code != command.ExitBadInput || strings.Count(out, "\n") != 1 || strings.Contains(out, "trusted") {
				t.Errorf("exit %d, %s", code, out)
			}
		})
	}
	// The same, of a document that nobody forged.
	genuine := filepath.Join(commandtest.Vectors, "signed-by-stratuslab", "plain.rsa-san.xml")
	if code, out := verify(genuine); code != command.ExitDone || !strings.Contains(out, ", trusted (") {
		t.Errorf("exit %d, %s", code, out)
	}
}
