package index

import (
	"regexp"
	"strings"
	"testing"
)

func TestPatternErrors(t *testing.T) {
	for _, expr := range []string{
		"(", "*", "a{1001}", `\C`, "(?P<x", strings.Repeat("a", MaxPattern+1), ")(", "a)|(?i:b", "a{999}b{999}c{999}",
		"(.*a){1}(a|b){400}(x|y)", "[ab]{900}[bc]{900}(x|y)", "." + strings.Repeat("a", MaxPattern-1),
	} {
		if _, err := Expression(expr); err == nil {
			t.Errorf("expression %q: no error", expr)
		}
	}
	if p, err := Expression(strings.Repeat("a", MaxPattern)); err != nil || !p.in(strings.Repeat("a", MaxPattern)) {
		t.Errorf("a long text: %v", err)
	}
	if _, err := Word(strings.Repeat("a", MaxPattern+1)); err == nil {
		t.Error("a word that is too long: no error")
	}
}

// FuzzExpression: the short cut finds what the expression finds.
func FuzzExpression(f *testing.F) {
	for _, seed := range [][2]string{
		{"debian", "Debian 12"}, {"deb.*12", "DEBIAN\n12"}, {"(a|b)cd", "xBCDx"}, {"^$", ""}, {"", "x"}, {"a*", "b"}, {"x+y?", "xx"},
		{"[a-c]{2}d", "ABd"}, {`\bfoo\b`, "a foo b"},
		{"K", "\u212a"}, {"ſ", "S"}, {"straße", "STRASSE"}, {"(?-i)A", "a"}, {"(a)(b)", "AB"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		p, err := Expression(expr)
		if err != nil || len(text) > 1000 {
			t.Skip("no expression, or a text longer than those that are searched")
		}
		lower := strings.ToLower(text)
		if want, got := regexp.MustCompile("(?i:"+expr+")").MatchString(lower), p.in(lower); got != want {
			t.Errorf("%q in %q: got %t, want %t", expr, lower, got, want)
		}
	})
}
