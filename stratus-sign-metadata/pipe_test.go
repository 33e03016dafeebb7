package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/command/commandtest"
)

// In a pipe a command waits, perhaps for hours, until there is a document. The
// time of the endorsement is when it was made, not when the command began.
func TestTimeInPipe(t *testing.T) {
	document, err := os.ReadFile(commandtest.Vectors + "/plain.xml")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := filepath.Abs(commandtest.Vectors + "/rsa-san.p12")
	if err != nil {
		t.Fatal(err)
	}
	cmd := commandtest.Process(t, []string{"SOURCE_DATE_EPOCH=", "STRATUSLAB_P12_PASSWORD=" + passphrase}, "--p12-cert", identity)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var signed bytes.Buffer
	cmd.Stdout = &signed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Times have no more than seconds: let the next one begin.
	begun := time.Now().Truncate(time.Second)
	<-time.After(time.Until(begun.Add(1500 * time.Millisecond)))
	written := time.Now().Truncate(time.Second)
	if _, err := stdin.Write(document); err != nil {
		t.Fatal(err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`<dcterms:created>(.*)</dcterms:created>`).FindSubmatch(signed.Bytes())
	if found == nil {
		t.Fatalf("no time in %s", signed.String())
	}
	created, err := time.Parse(time.RFC3339, string(found[1]))
	if err != nil || created.Before(written) {
		t.Errorf("endorsed at %v (%v), but the document came at %v", created, err, written)
	}
}
