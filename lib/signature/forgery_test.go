package signature

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// forgery is a signed document in another form than ours, made by somebody who
// computes digests and values as they must be. Where xmlsec1 takes it for good,
// it is no accident that we do not.
type forgery struct {
	name string
	// named is whom the document names, "rsa-san" if empty, and signer who
	// signs, the same if empty.
	named, signer string
	// document and template are what is replaced in the document and in the
	// template of the signature before signing, after in all that comes out:
	// old and new in turn.
	document, template, after []string
	// place puts the signature into the document, at its end if nil.
	place func(t *testing.T, src, sig string) string
	// octets gives what has the digest, the document if nil.
	octets func(d *strictxml.Document, info *strictxml.Node) []byte
	value  func([]byte) []byte // changes the signature value
	base64 func([]byte) string // writes it, as base64 if nil

	want  string   // part of the error, empty if there must be none
	stage Stage    // where it is refused, StageSignature if empty
	peer  []string // options with which xmlsec1 takes it for good, nil if it does not
}

// check makes the forgery and has it judged.
func (f forgery) check(t *testing.T, keys map[string]Signer) {
	t.Helper()
	src := f.make(t, keys)
	f.keep(t, src)
	if f.peer != nil {
		t.Run("xmlsec1", func(t *testing.T) {
			peers.Need(t, "xmlsec1")
			if err := xmlsec(t.Context(), t.TempDir(), src, append(f.peer, "--insecure")...); err != nil {
				t.Errorf("no forgery, as it is bad: %v\n%s", err, src)
			}
		})
	}
	by, err := Verify(src)
	if f.want == "" {
		if err != nil {
			t.Errorf("refused: %v\n%s", err, src)
		}
		return
	}
	stage := cmp.Or(f.stage, StageSignature)
	var refused *Error
	if by != nil || !errors.As(err, &refused) || refused.Stage != stage || !strings.Contains(err.Error(), f.want) {
		t.Errorf("got %v, want it refused for its %s, with %q\n%s", err, stage, f.want, src)
	}
}

// keep writes the forgery into the directory that STRATUS_TEST_FORGERIES names,
// if any: it is how those in the tests of the command were made.
func (f forgery) keep(t *testing.T, src []byte) {
	t.Helper()
	dir := os.Getenv("STRATUS_TEST_FORGERIES")
	if dir == "" || f.want == "" {
		return
	}
	name := strings.NewReplacer(" ", "-", ",", "", "'s", "").Replace(f.name)
	if err := os.WriteFile(filepath.Join(dir, name+".xml"), src, 0o644); err != nil {
		t.Fatal(err)
	}
}

func checkForgeries(t *testing.T, forgeries []forgery) {
	t.Helper()
	keys := vectorKeys(t)
	for _, f := range forgeries {
		t.Run(f.name, func(t *testing.T) { f.check(t, keys) })
	}
}
