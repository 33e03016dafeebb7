package base

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/trust"
)

// TestFind: which of the descriptions is taken. Each test publishes them in
// order and names the number of the one that is wanted, or the error.
func TestFind(t *testing.T) {
	type is = entrytest.Description
	type published struct {
		by string
		is is
	}
	byTag := Name{Form: Tag, Text: jane + "/debian"}
	byIdentifier := Name{Form: Identifier, Text: identifier("one")}
	for _, test := range []struct {
		name      string
		published []published
		base      Name
		change    func(*Finder)
		want      int // index of what is taken
		kind      report.Kind
		says      string // by the error or its hint
		warns     string
	}{
		{name: "the only one", published: []published{{jane, is{Content: "one"}}}, base: byIdentifier},
		{name: "the newest", base: byIdentifier, want: 1,
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {jane, is{Content: "one", Created: days(2)}},
				{jane, is{Content: "two"}}}},
		{name: "the newest of whom is trusted", base: byIdentifier, want: 1,
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {john, is{Content: "one", Created: days(2)}},
				{eve, is{Content: "one", Created: days(1)}}}},
		{name: "none", published: []published{{jane, is{Content: "two"}}}, base: byIdentifier, kind: report.Refused,
			says: "has no such entry"},
		{name: "nobody who is trusted", published: []published{{eve, is{Content: "one"}}}, base: byIdentifier,
			kind: report.Credentials, says: "unknown endorser|trust " + eve},
		{name: "whoever it is", published: []published{{eve, is{Content: "one"}}}, base: byIdentifier,
			change: func(f *Finder) {
				f.Insecure = true
				f.Trust = func(*signature.Endorsed, time.Time) trust.Verdict { return trust.Verdict{Trusted: true} }
			}, warns: "anybody can sign"},
		{name: "deprecated", published: []published{{jane, is{Content: "one", Texts: deprecated}}}, base: byIdentifier,
			kind: report.BadInput, says: "is deprecated by " + jane + "|has a hole|--allow-deprecated"},
		{name: "deprecated, let in", published: []published{{jane, is{Content: "one", Texts: deprecated}}}, base: byIdentifier,
			change: func(f *Finder) { f.AllowDeprecated = true }, warns: "has a hole"},
		{name: "deprecated since", base: byIdentifier, kind: report.BadInput, says: "has a hole",
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {jane, is{Content: "one", Texts: deprecated}}}},
		{name: "deprecated by another", base: byIdentifier, warns: jane + ".*has a hole",
			published: []published{{john, is{Content: "one", Created: days(3)}}, {jane, is{Content: "one", Texts: deprecated}}}},
		{name: "expired", published: []published{{jane, is{Content: "one", Created: days(3), Valid: expired}}}, base: byIdentifier,
			kind: report.BadInput, says: "expired on " + metadata.FormatTime(expired) + "|--allow-expired"},
		{name: "expired, let in", published: []published{{jane, is{Content: "one", Created: days(3), Valid: expired}}},
			base:   byIdentifier,
			change: func(f *Finder) { f.AllowExpired = true }, warns: "expired on"},
		{name: "valid before expired", base: byIdentifier, change: func(f *Finder) { f.AllowExpired = true },
			published: []published{{john, is{Content: "one", Created: days(5)}},
				{jane, is{Content: "one", Created: days(3), Valid: expired}}}},
		{name: "tag", base: byTag, want: 1,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{jane, is{Content: "two", Created: days(2), Texts: debian(nil)}}, {john, is{Content: "three", Texts: debian(nil)}}}},
		{name: "tag on what is deprecated", base: byTag,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{jane, is{Content: "two", Created: days(2), Texts: debian(deprecated)}}}},
		{name: "tag on what has expired", base: byTag, kind: report.BadInput, says: "expired on",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{jane, is{Content: "two", Created: days(2), Valid: expired, Texts: debian(nil)}}}},
		{name: "tag only on what is deprecated", base: byTag, kind: report.BadInput, says: "has a hole",
			published: []published{{jane, is{Content: "two", Texts: debian(deprecated)}}}},
		{name: "tag of nobody", base: Name{Form: Tag, Text: john + "/debian"}, kind: report.Refused, says: "has no such entry",
			published: []published{{jane, is{Content: "one", Texts: debian(nil)}}}},
		{name: "no such tag", base: Name{Form: Tag, Text: jane + "/fedora"}, kind: report.Refused, says: "has no such entry",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{eveAsJane, is{Content: "one", Texts: debian(nil)}}}},
		{name: "a tag that was taken away", base: byTag, kind: report.Refused, says: "has no such entry",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}}, {jane, is{Content: "one"}}}},
		{name: "tag only on what is deprecated, let in", base: byTag, warns: "has a hole",
			change:    func(f *Finder) { f.AllowDeprecated = true },
			published: []published{{jane, is{Content: "two", Texts: debian(deprecated)}}}},

		{name: "an impostor without the tag", base: byTag,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}}, {eveAsJane, is{Content: "one"}}}},
		{name: "an impostor with the tag", base: byTag,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{eveAsJane, is{Content: "two", Texts: debian(nil)}}}},
		{name: "an impostor who deprecates the tag", base: byTag,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{eveAsJane, is{Content: "one", Texts: debian(deprecated)}}}},
		{name: "an impostor alone has the tag", base: byTag, kind: report.Credentials, says: "unknown endorser",
			published: []published{{eveAsJane, is{Content: "one", Texts: debian(nil)}}}},
		{name: "an impostor has the image", base: byIdentifier,
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {eveAsJane, is{Content: "one"}}}},
		{name: "an impostor deprecates the image", base: byIdentifier,
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {eveAsJane, is{Content: "one", Texts: deprecated}}}},
		{name: "an impostor undoes a deprecation", base: byIdentifier, kind: report.BadInput, says: "has a hole",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: deprecated}}, {eveAsJane, is{Content: "one"}}}},

		{name: "a newer certificate undoes a deprecation", base: byIdentifier, want: 1,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: deprecated}}, {janeAgain, is{Content: "one"}}}},
		{name: "a newer certificate deprecates", base: byIdentifier, kind: report.BadInput, says: "has a hole",
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {janeAgain, is{Content: "one", Texts: deprecated}}}},
		{name: "a mere claim does not undo a deprecation", base: byIdentifier, kind: report.BadInput, says: "has a hole",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: deprecated}}, {nameless, is{Content: "one"}}}},
		{name: "the deprecated one is let in, not the claim", base: byIdentifier,
			change: func(f *Finder) { f.AllowDeprecated = true }, warns: "has a hole",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: deprecated}}, {nameless, is{Content: "one"}}}},
		{name: "a mere claim does not deprecate", base: byIdentifier, warns: "has a hole",
			published: []published{{jane, is{Content: "one", Created: days(3)}}, {nameless, is{Content: "one", Texts: deprecated}}}},
		{name: "a mere claim takes its own back", base: byIdentifier, want: 1,
			published: []published{{nameless, is{Content: "one", Created: days(3), Texts: deprecated}}, {nameless, is{Content: "one"}}}},
		{name: "a newer certificate takes the tag away", base: byTag, kind: report.Refused, says: "has no such entry",
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{janeAgain, is{Content: "one", Texts: deprecated}}}},
		{name: "a mere claim of the tag", base: byTag,
			published: []published{{jane, is{Content: "one", Created: days(3), Texts: debian(nil)}},
				{nameless, is{Content: "two", Texts: debian(nil)}}}},
		{name: "only a mere claim of the tag", base: byTag, kind: report.Credentials, says: "does not name the address|identifier",
			published: []published{{nameless, is{Content: "two", Texts: debian(nil)}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMarket(t, jane, john, janeAgain, nameless)
			var paths []string
			for _, p := range test.published {
				paths = append(paths, m.publish(p.by, p.is))
			}
			if test.change != nil {
				test.change(m.finder)
			}
			found, err := m.find(test.base)
			if test.kind != 0 {
				checkError(t, err, test.kind, test.says)
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
