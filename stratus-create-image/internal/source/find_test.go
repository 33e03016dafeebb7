package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/tool"
)

// TestFind: which of the descriptions is taken. Each test publishes them in
// order and names the number of the one that is wanted, or the error.
func TestFind(t *testing.T) {
	type is = entrytest.Description
	type published struct {
		by string
		is is
	}
	byTag := Base{Form: Tag, Text: jane + "/debian"}
	byIdentifier := Base{Form: Identifier, Text: identifier("one")}
	for _, test := range []struct {
		name      string
		published []published
		base      Base
		change    func(*Finder)
		want      int    // index of what is taken
		code      int    // of the error
		says      string // by the error or its hint
		warns     string
	}{
		{name: "the only one", published: []published{{jane, is{Content: "one"}}}, base: byIdentifier},
		{name: "the newest", base: byIdentifier, want: 1,
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {jane, is{Content: "one", Created: days(2)}}, {jane, is{Content: "two"}}}},
		{name: "the newest of whom is trusted", base: byIdentifier, want: 1,
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {john, is{Content: "one", Created: days(2)}}, {eve, is{Content: "one", Created: days(1)}}}},
		{name: "none", published: []published{{jane, is{Content: "two"}}}, base: byIdentifier, code: tool.ExitRefused, says: "has no such entry"},
		{name: "nobody who is trusted", published: []published{{eve, is{Content: "one"}}}, base: byIdentifier, code: tool.ExitCredentials, says: "unknown endorser|trust " + eve},
		{name: "whoever it is", published: []published{{eve, is{Content: "one"}}}, base: byIdentifier,
			change: func(f *Finder) { f.Trust = nil }, warns: "anybody can sign"},
		{name: "deprecated", published: []published{{jane, is{Content: "one", Texts: deprecated}}}, base: byIdentifier,
			code: tool.ExitBadInput, says: "is deprecated by " + jane + "|has a hole|--allow-deprecated"},
		{name: "deprecated, let in", published: []published{{jane, is{Content: "one", Texts: deprecated}}}, base: byIdentifier,
			change: func(f *Finder) { f.AllowDeprecated = true }, warns: "has a hole"},
		{name: "deprecated since", base: byIdentifier, code: tool.ExitBadInput, says: "has a hole",
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {jane, is{Content: "one", Texts: deprecated}}}},
		{name: "deprecated by another", base: byIdentifier, warns: jane + ".*has a hole",
			published: []published{{john, is{Content: "one", Created: days(3)}}, {jane, is{Content: "one", Texts: deprecated}}}},
		{name: "expired", published: []published{{jane, is{Content: "one", Created: days(3), Valid: expired}}}, base: byIdentifier,
			code: tool.ExitBadInput, says: "expired on " + metadata.FormatTime(expired) + "|--allow-expired"},
		{name: "expired, let in", published: []published{{jane, is{Content: "one", Created: days(3), Valid: expired}}}, base: byIdentifier,
			change: func(f *Finder) { f.AllowExpired = true }, warns: "expired on"},
		{name: "valid before expired", base: byIdentifier, change: func(f *Finder) { f.AllowExpired = true },
			published: []published{{john, is{Content: "one", Created: days(5)}}, {jane, is{Content: "one", Created: days(3), Valid: expired}}}},
		{name: "tag", base: byTag, want: 1,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}}, {jane, is{Content: "two", Created: days(2), Texts: debian(nil)}}, {john, is{Content: "three", Texts: debian(nil)}}}},
		{name: "tag on what is deprecated", base: byTag,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}}, {jane, is{Content: "two", Created: days(2), Texts: debian(deprecated)}}}},
		{name: "tag on what has expired", base: byTag, code: tool.ExitBadInput, says: "expired on",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}}, {jane, is{Content: "two", Created: days(2), Valid: expired, Texts: debian(nil)}}}},
		{name: "tag only on what is deprecated", base: byTag, code: tool.ExitBadInput, says: "has a hole",
			published: []published{{jane, is{Content: "two", Texts: debian(deprecated)}}}},
		{name: "tag of nobody", base: Base{Form: Tag, Text: john + "/debian"}, code: tool.ExitRefused, says: "has no such entry",
			published: []published{{jane, is{Content: "one", Texts: debian(nil)}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMarket(t, jane, john)
			var paths []string
			for _, p := range test.published {
				paths = append(paths, m.publish(p.by, p.is))
			}
			if test.change != nil {
				test.change(m.finder)
			}
			found, err := m.finder.Find(t.Context(), test.base, now)
			if test.code != 0 {
				checkError(t, err, test.code, test.says)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(paths[test.want], found.Path()); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			checkWarnings(t, m.warnings, test.warns)
		})
	}
}

// checkError looks for the code, and for the parts of says in the error and in
// its hint.
func checkError(t *testing.T, err error, code int, says string) {
	t.Helper()
	var failed *tool.Error
	if !errors.As(err, &failed) || failed.Code != code {
		t.Fatalf("got %v, want exit code %d", err, code)
	}
	for _, part := range strings.Split(says, "|") {
		if !strings.Contains(failed.Error()+failed.Hint, part) {
			t.Errorf("got %v (hint: %s), want %q", failed, failed.Hint, part)
		}
	}
}

func checkWarnings(t *testing.T, got []string, want string) {
	t.Helper()
	if want == "" && len(got) > 0 {
		t.Errorf("warnings: %q", got)
	}
	for _, part := range strings.Split(want, ".*") {
		if !strings.Contains(strings.Join(got, "\n"), part) {
			t.Errorf("warnings: %q, want %q", got, part)
		}
	}
}

func TestDescription(t *testing.T) {
	m := newMarket(t, jane)
	dir := t.TempDir()
	signed := m.signer(jane).Sign(t, entrytest.Description{Content: "one"})
	put := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		write(t, path, text)
		return path
	}
	good := put("good.xml", string(signed))
	for _, b := range []Base{{Form: Description, Text: good, local: true}, {Form: Description, Text: "file://" + good}} {
		found, err := m.finder.Find(t.Context(), b, now)
		if err != nil || found.Identifier != identifier("one") || found.Claim.Image.Bytes != 3 || len(found.Locations) != 1 || found.Reason != "known" {
			t.Errorf("%q: got %+v, %v", b.Text, found, err)
		}
	}
	long := strings.Repeat(" ", signature.MaxBytes) + string(signed)
	for _, test := range []struct {
		base Base
		code int
		says string
	}{
		{Base{Form: Description, Text: put("changed.xml", strings.Replace(string(signed), ">base<", ">grid<", 1)), local: true}, tool.ExitBadInput, "changed.xml"},
		{Base{Form: Description, Text: put("long.xml", long), local: true}, tool.ExitBadInput, "bytes"},
		{Base{Form: Description, Text: filepath.Join(dir, "missing.xml"), local: true}, tool.ExitBadInput, "missing.xml"},
		{Base{Form: Description, Text: "file://" + put("disk.img", "QFI\xfb")}, tool.ExitUsage, "no signed description|--base-sha256"},
		{Base{Form: Description, Text: "file://" + put("eve.xml", string(m.signer(eve).Sign(t, entrytest.Description{Content: "one"})))}, tool.ExitCredentials, "trust " + eve},
	} {
		_, err := m.finder.Find(t.Context(), test.base, now)
		checkError(t, err, test.code, test.says)
	}
}

// TestBroken: an entry that somebody tampered with is left out.
func TestBroken(t *testing.T) {
	m := newMarket(t, jane, john)
	m.publish(jane, entrytest.Description{Content: "one", Created: days(3)})
	path := filepath.Join(m.dir, m.publish(john, entrytest.Description{Content: "one"}))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(text), "images.example.org", "images.example.com", 1))
	found, err := m.finder.Find(t.Context(), Base{Form: Identifier, Text: identifier("one")}, now)
	if err != nil || found.Email != jane {
		t.Errorf("got %+v, %v", found, err)
	}
	checkWarnings(t, m.warnings, "leaving out an entry.*"+john)
}
