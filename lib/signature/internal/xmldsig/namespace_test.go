package xmldsig

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// namespaces are some with whether we accept them, and libxml2 does.
var namespaces = []struct {
	uri        string
	ours, peer bool
}{
	{"http://www.w3.org/1999/02/22-rdf-syntax-ns#", true, true},
	{"urn:e", true, true}, {"u:", true, true}, {"x:?#", true, true}, {"mailto:a@b", true, true}, {"http://", true, true},
	{
		"HTTP://a/%C3%a9?b=c;d#e", true, true}, {"http://a/~!$()*+,;=@'", true, true}, {"http://a:80/", true,
		true}, {"http://a:b/", false, false},
	{"a", false, false}, {"a/b", false, false}, {"//a/b", false, false}, {"#x", false, false}, {"../a:b", false, false},
	{"1:x", false, false}, {":x", false, false}, {"é:x", false, false}, {"a b:x", false, false},
	{"http://a/%zz", false, false}, {"u:%", false, false}, {"u:%4", false, false}, {"http://a#b#c", false, false},
	{"http://a/ b", false, false}, {"http://a/é", false, false}, {"http://a/{b}", false, false}, {"http://a/|", false, false},
	{`urn:a\b`, false, false}, {"x:^", false, false}, {"x:`", false, false}, {"http://a/[x]", false, false},
	{"http://[::1]/", false, true}, // never seen as a namespace
}

func TestNamespaces(t *testing.T) {
	peers.Need(t, "xmllint")
	for _, test := range namespaces {
		src := fmt.Sprintf(`<a><b xmlns:p="%s"/></a>`, test.uri)
		_, err := Parse([]byte(src))
		if (err == nil) != test.ours || err != nil && !errors.Is(err, strictxml.ErrSyntax) {
			t.Errorf("%q: got %v", test.uri, err)
		}
		file := filepath.Join(t.TempDir(), "namespace.xml")
		if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := exec.CommandContext(t.Context(), "xmllint", "--c14n", file).Run(); (err == nil) != test.peer {
			t.Errorf("%q: libxml2 canonicalizes with %v", test.uri, err)
		}
	}
}
