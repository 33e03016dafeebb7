package metadata

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func load(t testing.TB, file string) *Document {
	t.Helper()
	return mustParse(t, source(t, file))
}

// vectors is where the documents are that several packages test with, seen from
// testdata.
const vectors = "../../testdata/vectors/"

func source(t testing.TB, file string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func mustParse(t testing.TB, src string) *Document {
	t.Helper()
	d, err := Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// problems returns the rule and the place of everything that Check reports.
func problems(t testing.TB, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var found *CheckError
	if !errors.As(err, &found) || !errors.Is(err, ErrInvalid) {
		t.Fatalf("error %v, want a CheckError that wraps ErrInvalid", err)
	}
	var brief []string
	for _, p := range found.Problems {
		brief = append(brief, p.Rule+": "+p.Where)
	}
	return brief
}

// edit replaces each old text, of which there must be one, by the new one that
// follows it.
func edit(t *testing.T, src string, pairs []string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(src, pairs[i]); n != 1 {
			t.Fatalf("%d times %q in the document, want 1", n, pairs[i])
		}
		src = strings.Replace(src, pairs[i], pairs[i+1], 1)
	}
	return src
}

func edits(pairs ...string) []string { return pairs }

func TestCheck(t *testing.T) {
	good := source(t, "complete.xml")
	for _, test := range checkTests() {
		t.Run(test.name, func(t *testing.T) {
			err := mustParse(t, edit(t, good, test.edits)).Check(test.level)
			if diff := cmp.Diff(test.want, problems(t, err)); diff != "" {
				t.Errorf("problems (-want +got):\n%s\n%v", diff, err)
			}
			var found *CheckError
			if errors.As(err, &found) && !strings.Contains(found.Problems[0].Message, test.says) {
				t.Errorf("first message %q, want %q in it", found.Problems[0].Message, test.says)
			}
		})
	}
}

// TestCheckVectors says of the documents of the original signer what the
// original validator says: those with rdf:parseType on dcterms:title break the
// schema, all others are good.
func TestCheckVectors(t *testing.T) {
	for document, want := range map[string][]string{
		"plain":      nil,
		"comment":    nil,
		"crlf-empty": nil,
		"extension":  nil,
		"cdata-lang": {"schema: dcterms:title"},
	} {
		check := func(file string, level Level) {
			t.Run(file, func(t *testing.T) {
				if diff := cmp.Diff(want, problems(t, load(t, file).Check(level))); diff != "" {
					t.Errorf("problems (-want +got):\n%s", diff)
				}
			})
		}
		check(vectors+document+".xml", Draft)
		for _, key := range []string{"rsa-san", "rsa-nosan", "rsa-utf8"} {
			check(vectors+"signed-by-stratuslab/"+document+"."+key+".xml", Complete)
		}
	}
}

func TestCheckErrorText(t *testing.T) {
	good := source(t, "complete.xml")
	one := mustParse(t, edit(t, good, edits(size, "<slreq:bytes>x</slreq:bytes>"))).Check(Complete)
	const wantOne = `invalid image metadata: slreq:bytes: "x"; want decimal digits, at most 9223372036854775807`
	if got := fmt.Sprint(one); got != wantOne {
		t.Errorf("one problem: %q, want %q", got, wantOne)
	}
	many := mustParse(t, edit(t, good, edits(account, strings.Repeat("<ex:a b=''/>", 25)))).Check(Complete)
	lines := strings.Split(fmt.Sprint(many), "\n")
	got := []string{lines[0], lines[1], lines[len(lines)-1]}
	want := []string{
		"invalid image metadata, 25 problems:",
		"  ex:a[1]: attribute b without a namespace; want attributes of a namespace",
		"  and 5 more",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(lines) != 22 {
		t.Errorf("%d lines, want 22 (-want +got):\n%s", len(lines), diff)
	}
}

// TestCheckHostile feeds what could make the checks slow or their report long.
func TestCheckHostile(t *testing.T) {
	good := source(t, "complete.xml")
	room := MaxBytes - len(good) - 1000
	tests := map[string]string{
		"long text":      edit(t, good, edits(size, "<slreq:bytes>"+strings.Repeat("x", room)+"</slreq:bytes>")),
		"long name":      edit(t, good, edits(account, "<ex:"+strings.Repeat("x", room)+" b=''/>")),
		"many problems":  edit(t, good, edits(account, strings.Repeat("<ex:a b=''/>", 19_000))),
		"many checksums": edit(t, good, edits(account, strings.Repeat("<slreq:checksum/>", 19_000))),
		"deep":           edit(t, good, edits(account, strings.Repeat("<ex:a>", 250)+"<b/>"+strings.Repeat("</ex:a>", 250))),
	}
	for name, src := range tests {
		t.Run(name, func(t *testing.T) {
			err := mustParse(t, src).Check(Complete)
			if !errors.Is(err, ErrInvalid) || len(fmt.Sprint(err)) > 10_000 {
				t.Errorf("error of %d bytes, want a short one that wraps ErrInvalid", len(fmt.Sprint(err)))
			}
		})
	}
}
