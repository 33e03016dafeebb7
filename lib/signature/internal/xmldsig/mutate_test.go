package xmldsig

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// mutation changes some of a document at a random place.
type mutation func(r *rand.Rand, src []byte) []byte

// spliced puts text in the place of src[from:to].
func spliced(src []byte, from, to int, text string) []byte {
	return bytes.Join([][]byte{src[:from], src[to:]}, []byte(text))
}

// rewrite is the mutation of one match of an expression.
func rewrite(expression, with string) mutation {
	pattern := regexp.MustCompile(expression)
	return func(r *rand.Rand, src []byte) []byte {
		found := pattern.FindAllSubmatchIndex(src, -1)
		if len(found) == 0 {
			return src
		}
		at := found[r.IntN(len(found))]
		return spliced(src, at[0], at[1], string(pattern.Expand(nil, []byte(with), src, at)))
	}
}

// lexical are mutations that often leave a document what it is.
var lexical = []mutation{
	rewrite(`>`, `><!--c-->`),
	rewrite(`(</?[\w:]+)([ />])`, "$1\n$2"),
	rewrite(`(/?>)`, "\t$1"),
	rewrite(`="([^"'<]*)"`, `='$1'`),
	rewrite(`( [\w:]+="[^"]*")( [\w:]+="[^"]*")`, `$2$1`),
	rewrite(`>([^<>&]+)<`, `><![CDATA[$1]]><`),
	rewrite(`<!\[CDATA\[([^<>&]*)\]\]>`, `$1`),
	rewrite("\n", "\r\n"),
	rewrite(`<([\w:]+)([^<>]*)/>`, `<$1$2></$1>`),
	rewrite(`<([\w:]+)([^<>]*)></[\w:]+>`, `<$1$2/>`),
	rewrite(`([A-Za-z0-9+/])([A-Za-z0-9+/]{3})`, "$1 $2"),
	rewrite(`(<\?xml) .*?\?>`, `$1 version="1.0"?>`),
	rewrite(`e`, `&#101;`),
	rewrite(`&#13;`, `&#xD;`),
	rewrite(`"`, `&quot;`),
	rewrite(`&amp;`, `&#38;`),
	rewrite(`\s+$`, ""),
	rewrite(`$`, "<!-- last -->\n"),
}

// blunt are mutations that seldom do.
var blunt = []mutation{
	func(r *rand.Rand, src []byte) []byte { // a bit
		at := r.IntN(len(src))
		return spliced(src, at, at+1, string([]byte{src[at] ^ 1<<r.IntN(8)}))
	},
	func(r *rand.Rand, src []byte) []byte { // a byte more
		at := r.IntN(len(src))
		return spliced(src, at, at, string([]byte{byte(r.IntN(256))}))
	},
	func(r *rand.Rand, src []byte) []byte { // some bytes less
		at := r.IntN(len(src))
		return spliced(src, at, min(len(src), at+1+r.IntN(30)), "")
	},
	func(r *rand.Rand, src []byte) []byte { // some bytes twice
		at := r.IntN(len(src))
		part := string(src[at:min(len(src), at+1+r.IntN(200))])
		at = r.IntN(len(src))
		return spliced(src, at, at, part)
	},
	func(r *rand.Rand, src []byte) []byte { // two bytes exchanged
		at := r.IntN(len(src) - 1)
		return spliced(src, at, at+2, string([]byte{src[at+1], src[at]}))
	},
	rewrite(`[a-z]`, `E`),
	rewrite(`>`, `><?p?>`),
	rewrite(`<Transform [^<>]*/>`, ""),
	rewrite(`(sha)(1|256)`, "${1}512"),
	rewrite(`<(\w+:)?X509Data>.*?</(\w+:)?X509Data>`, ""),
	rewrite(`xmlns="[^"]*"`, ""),
}

func mutate(r *rand.Rand, src []byte) []byte {
	for range 1 + r.IntN(3) {
		some := lexical
		if r.IntN(4) == 0 {
			some = blunt
		}
		src = some[r.IntN(len(some))](r, src)
	}
	return src
}

// originals are signed documents: the vectors, ours, and one of xmlsec1's.
func originals(t *testing.T, r *rand.Rand, id identity) [][]byte {
	t.Helper()
	files, err := filepath.Glob("../../../testdata/vectors/signed-by-stratuslab/*.xml")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d signed documents, want 15 (%v)", len(files), err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.xml"), filepath.Join(dir, "out.xml")
	if err := os.WriteFile(in, withTemplate(t, generate(r), template(r, "rsa")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := xmlsec(t.Context(), []string{"--sign", "--privkey-pem", id.keyFile + "," + id.certificateFile, "--output", out},
		in); err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, file := range append(files, out) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, src)
	}
	for range 10 {
		signed, err := signBytes(generate(r), id.Signer)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signed)
	}
	return all
}

// TestMutationsAcceptedByPeer: of any document that we take for good, xmlsec1
// does, too, and it says what the original says.
func TestMutationsAcceptedByPeer(t *testing.T) {
	peers.Need(t, "xmlsec1")
	r, seed := newRandom(t)
	all := originals(t, r, identities(t)["rsa"])
	dir := t.TempDir()
	n := numberFrom(t, "STRATUS_TEST_MUTATIONS", peers.Sample(2000, 400))
	var accepted []string
	unchanged, certificates := 0, 0
	for i := range n {
		original := all[r.IntN(len(all))]
		mutant := mutate(r, original)
		got, err := verifyBytes(mutant)
		switch {
		case err != nil:
			continue
		case bytes.Equal(mutant, original):
			unchanged++
			continue
		}
		want, err := verifyBytes(original)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Content, want.Content) {
			t.Errorf("seed %d, mutant %d: the content differs\n%s", seed, i, mutant)
		}
		if !got.Certificate.Equal(want.Certificate) {
			// No signature protects it. Whether its bytes are the right ones is
			// a question of trust, and xmlsec1's answer one about the bytes.
			certificates++
			continue
		}
		accepted = append(accepted, filepath.Join(dir, fmt.Sprintf("seed %d mutant %d.xml", seed, i)))
		if err := os.WriteFile(accepted[len(accepted)-1], mutant, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("of %d mutants %d are accepted, and %d more with another certificate, %d are as before", n, len(accepted),
		certificates, unchanged)
	if len(accepted) < n/5 {
		t.Errorf("%d mutants accepted of %d: too few to prove anything", len(accepted), n)
	}
	acceptedByPeer(t, []string{"--verify", "--insecure", "--enabled-key-data", "x509", "--enabled-reference-uris", "empty"},
		accepted)
}
