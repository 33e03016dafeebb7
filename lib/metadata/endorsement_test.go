package metadata

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEndorsement(t *testing.T) {
	const ada, bob = "CN=Ada Image,OU=Image Factory,O=Example Project,C=EU", `CN=Bob\=Builder \#1,O=Foo\, Inc.,DC=example,DC=org`
	want := map[string]Endorsement{
		"complete.xml": {"2026-11-22T20:45:20Z", "ada@example.org", "CN=Ada Image,C=EU", []string{"CN=Authority,C=EU"}},
		vectors + "signed-by-stratuslab/plain.rsa-san.xml": {"2026-11-22T20:45:20Z", "ada@example.org", ada, []string{ada}},
		vectors + "signed-by-stratuslab/plain.rsa-nosan.xml": {
			"2026-11-22T20:45:21Z", "fallback@example.net", bob, []string{bob},
		},
	}
	for file, want := range want {
		got, ok := load(t, file).Endorsement()
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %v (-want +got):\n%s", file, ok, diff)
		}
	}
	for name, d := range map[string]*Document{
		"new":        New(),
		"unendorsed": load(t, vectors+"plain.xml"),
		"spacious":   mustParse(t, inDescription("<slreq:endorsement>\n<!--a--> </slreq:endorsement>")),
		"elsewhere":  mustParse(t, inDescription("<a>"+endorsed+"</a>")),
	} {
		if got, ok := d.Endorsement(); ok {
			t.Errorf("%s: endorsement %v, want none", name, got)
		}
	}
	several := "<slreq:issuer>CN=B</slreq:issuer>" + "<slreq:issuer>CN=Authority,C=EU</slreq:issuer>"
	got, _ := mustParse(t, inDescription(edit(t, endorsed,
		edits("<slreq:issuer>CN=Authority,C=EU</slreq:issuer>", several)))).Endorsement()
	if diff := cmp.Diff([]string{"CN=B", "CN=Authority,C=EU"}, got.Issuers); diff != "" {
		t.Errorf("issuers (-want +got):\n%s", diff)
	}
}

func TestUnsignVectors(t *testing.T) {
	files, err := filepath.Glob("../testdata/vectors/signed-by-stratuslab/*.xml")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d signed documents, want 15: %v", len(files), err)
	}
	for _, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		t.Run(filepath.Base(file), func(t *testing.T) {
			d := load(t, "../"+file)
			if !d.Signed() || !d.Unsign() || d.Signed() {
				t.Error("not signed, nothing lost or still signed; want a signature that goes")
			}
			var want []string
			if name == "cdata-lang" {
				want = []string{"schema: dcterms:title"}
			}
			if diff := cmp.Diff(want, problems(t, d.Check(Draft))); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			// The signer has sorted the attributes of the root, and written all anew.
			anew := strings.NewReplacer("\r\n", "\n", "></dcterms:alternative>", "/>")
			_, got, _ := strings.Cut(write(t, d), ">\n  <rdf:Description")
			_, original, _ := strings.Cut(write(t, load(t, vectors+name+".xml")), ">\n  <rdf:Description")
			original = strings.Replace(original, `xml:lang="en" rdf:parseType="Literal"`,
				`rdf:parseType="Literal" xml:lang="en"`, 1)
			if diff := cmp.Diff(strings.TrimRight(anew.Replace(original), "\n"), got); diff != "" {
				t.Errorf("document against the one that was signed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnsign(t *testing.T) {
	const (
		sum   = "\n    <slreq:checksum/>"
		kind  = "\n    <slterms:kind/>"
		blank = "\n    " + unendorsed
		full  = "\n    <slreq:endorsement a='b'><c/></slreq:endorsement>"
	)
	tests := map[string]struct {
		before, after string
		lost          bool
	}{
		"nothing":             {sum + blank + kind, sum + blank + kind, false},
		"no endorsement":      {sum + kind, sum + blank + kind, false},
		"comment only":        {sum + "\n    <slreq:endorsement><!--a--></slreq:endorsement>" + kind, sum + blank + kind, false},
		"endorsed":            {sum + full + kind, sum + blank + kind, true},
		"text":                {sum + "\n    <slreq:endorsement>a</slreq:endorsement>" + kind, sum + blank + kind, true},
		"misplaced":           {sum + kind + full, sum + blank + kind, true},
		"misplaced and empty": {sum + kind + blank, sum + blank + kind, false},
		"several":             {sum + blank + full + kind + full, sum + blank + kind, true},
		"nested":              {sum + kind + "\n    <a>" + endorsed + "</a>", sum + blank + kind + "\n    <a/>", true},
		"signature":           {sum + blank + "\n    " + sealed + kind, sum + blank + kind, true},
		"signature in any form": {
			sum + blank + kind + "<a><b:Signature xmlns:b='" + xmldsigNamespace + "'>" + sealed + "</b:Signature>c</a>",
			sum + blank + kind + "<a>c</a>", true,
		},
		"no other signature": {sum + blank + "\n    <Signature/>" + kind, sum + blank + "\n    <Signature/>" + kind, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, inDescription(test.before+"\n  "))
			if lost := d.Unsign(); lost != test.lost {
				t.Errorf("lost = %v, want %v", lost, test.lost)
			}
			got := write(t, d)
			if diff := cmp.Diff(inDescription(test.after+"\n  "), got); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if d.Unsign() || d.Signed() {
				t.Error("something lost a second time, or still signed")
			}
			if diff := cmp.Diff(got, write(t, d)); diff != "" {
				t.Errorf("document a second time (-want +got):\n%s", diff)
			}
		})
	}
}
