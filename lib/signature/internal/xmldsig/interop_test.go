package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// generated returns how many documents each side signs for the other.
func generated(t *testing.T) int {
	t.Helper()
	return numberFrom(t, "STRATUS_TEST_DOCUMENTS", peers.Sample(320, 60))
}

// TestPeerVerifiesOurs: xmlsec1 takes what we sign for good, and neither takes
// it once a signed character has changed.
func TestPeerVerifiesOurs(t *testing.T) {
	peers.Need(t, "xmlsec1")
	r, seed := newRandom(t)
	ids := identities(t)
	signers := []identity{ids["rsa"], ids["ecdsa"], ids["rsa"]}
	signers[2].Hash = crypto.SHA1
	both := exchange{t: t, r: r, dir: t.TempDir(), args: verifyWith(ids)}
	for i := range generated(t) {
		name := fmt.Sprintf("seed %d document %d.xml", seed, i)
		src := generate(r)
		signed, err := signBytes(src, signers[i%len(signers)].Signer)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, src)
		}
		both.add(name, signed)
	}
	both.check()
}

// TestWeVerifyPeers: we take what xmlsec1 signs for good, and neither takes it
// once a signed character has changed.
func TestWeVerifyPeers(t *testing.T) {
	peers.Need(t, "xmlsec1")
	r, seed := newRandom(t)
	ids := identities(t)
	both := exchange{t: t, r: r, dir: t.TempDir(), args: verifyWith(ids)}
	work := t.TempDir()
	group, ctx := parallel(t)
	n := generated(t)
	for i := range n {
		id := ids[[]string{"rsa", "ecdsa"}[i%2]]
		src := withTemplate(t, generate(r), template(r, []string{"rsa", "ecdsa"}[i%2]))
		in, out := filepath.Join(work, fmt.Sprint(i)), filepath.Join(work, fmt.Sprint(i, ".signed"))
		group.Go(func() error {
			if err := os.WriteFile(in, src, 0o600); err != nil {
				return err
			}
			return xmlsec(ctx, []string{"--sign", "--privkey-pem", id.keyFile + "," + id.certificateFile, "--output", out}, in)
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		signed, err := os.ReadFile(filepath.Join(work, fmt.Sprint(i, ".signed")))
		if err != nil {
			t.Fatal(err)
		}
		both.add(fmt.Sprintf("seed %d document %d.xml", seed, i), signed)
	}
	both.check()
}

// TestPeerVerifiesVectors: our signatures of all the documents that the
// original software has signed, also of one that breaks the schema, with every
// key of the vectors and with ECDSA.
func TestPeerVerifiesVectors(t *testing.T) {
	peers.Need(t, "xmlsec1")
	files, err := filepath.Glob("../../../testdata/vectors/*.xml")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d documents, want 5 (%v)", len(files), err)
	}
	r, _ := newRandom(t)
	ids := vectorIdentities(t)
	both := exchange{t: t, r: r, dir: t.TempDir(), args: verifyWith(ids)}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, id := range ids {
			for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA1} {
				if _, ok := id.Key.(*rsa.PrivateKey); !ok && hash == crypto.SHA1 {
					continue
				}
				id.Hash = hash
				signed, err := signBytes(src, id.Signer)
				if err != nil {
					t.Fatal(err)
				}
				both.add(fmt.Sprint(name, " ", hash, " ", filepath.Base(file)), signed)
			}
		}
	}
	if want := (3*2 + 2) * 5; len(both.good) != want {
		t.Errorf("%d documents, want %d", len(both.good), want)
	}
	both.check()
}

// exchange holds signed documents for us and xmlsec1 to agree on.
type exchange struct {
	t         *testing.T
	r         *rand.Rand
	dir       string
	args      []string
	good, bad []string
}

// add has ours verify a signed document, and refuse it with a character
// changed; xmlsec1 does so later.
func (e *exchange) add(name string, signed []byte) {
	e.t.Helper()
	if _, err := verifyBytes(signed); err != nil {
		e.t.Errorf("%s: %v\n%s", name, err, signed)
	}
	changed := tamper(e.t, e.r, signed)
	if _, err := verifyBytes(changed); err == nil {
		e.t.Errorf("%s: accepted, but a signed character was changed\n%s", name, changed)
	}
	e.good = append(e.good, e.file("good "+name, signed))
	e.bad = append(e.bad, e.file("bad "+name, changed))
}

func (e *exchange) file(name string, src []byte) string {
	e.t.Helper()
	file := filepath.Join(e.dir, name)
	if err := os.WriteFile(file, src, 0o600); err != nil {
		e.t.Fatal(err)
	}
	return file
}

// check has xmlsec1 verify what was added.
func (e *exchange) check() {
	e.t.Helper()
	acceptedByPeer(e.t, e.args, e.good)
	group, ctx := parallel(e.t)
	for _, file := range e.bad {
		group.Go(func() error {
			switch err := xmlsec(ctx, e.args, file); {
			case err == nil:
				return fmt.Errorf("xmlsec1 accepts %s", file)
			case !strings.Contains(err.Error(), "data and digest do not match"):
				return fmt.Errorf("%s: refused for another reason than its digest: %w", file, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		e.t.Error(err)
	}
	if !e.t.Failed() {
		e.t.Logf("%d documents good, and %d bad ones bad to both", len(e.good), len(e.bad))
	}
}

// tamper changes a letter of the signed text, or adds one if there is none.
func tamper(t *testing.T, r *rand.Rand, signed []byte) []byte {
	t.Helper()
	doc, err := Parse(signed)
	if err != nil {
		t.Fatalf("%v\n%s", err, signed)
	}
	var letters []int
	var collect func(n *strictxml.Node)
	collect = func(n *strictxml.Node) {
		for _, child := range n.Children {
			text := signed[child.Start:child.End]
			switch {
			case child.Kind == strictxml.Element && child.URI != Namespace:
				collect(child)
			case child.Kind == strictxml.Text && !bytes.ContainsRune(text, '&'):
				for i, b := range text {
					if b >= 'a' && b <= 'z' {
						letters = append(letters, child.Start+i)
					}
				}
			}
		}
	}
	collect(doc.Root)
	at := signatures(doc.Root)[0].Start
	if len(letters) == 0 {
		return append(append(bytes.Clone(signed[:at]), 'x'), signed[at:]...)
	}
	changed := bytes.Clone(signed)
	changed[letters[r.IntN(len(letters))]] ^= 0x20
	return changed
}
