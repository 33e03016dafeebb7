package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// TestParses counts how many times a command parses one document. Signing parses
// it once, the new signature twice, and the result as Verify does: as it came,
// and what was signed.
func TestParses(t *testing.T) {
	signed := filepath.Join(t.TempDir(), "signed.xml")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("STRATUSLAB_P12_CERTIFICATE", commandtest.Vectors+"/rsa-san.p12")
	for _, test := range []struct {
		name string
		args []string
		most int64
	}{
		{"sign", []string{"-o", signed, commandtest.Vectors + "/plain.xml"}, 5},
		{"sign again", []string{"-o", signed + ".again", signed}, 5},
		{"show", []string{"--show", signed}, 1},
		{"verify", []string{"--verify", "--trust", commandtest.Vectors + "/rsa-san.pem", signed}, 2},
	} {
		t.Setenv("STRATUSLAB_P12_PASSWORD", passphrase) // a command takes it out of the environment
		before := strictxml.Parses()
		var stdout, stderr bytes.Buffer
		streams := command.Streams{In: new(bytes.Buffer), Out: &stdout, Err: &stderr}
		if code := command.Run(t.Context(), program(), test.args, streams); code != 0 {
			t.Fatalf("%s: exit code %d: %s", test.name, code, &stderr)
		}
		if got := strictxml.Parses() - before; got < 1 || got > test.most {
			t.Errorf("%s: %d parses, want at most %d", test.name, got, test.most)
		}
	}
	if _, err := os.Stat(signed + ".again"); err != nil {
		t.Error(err)
	}
}
