package index

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// MaxPattern is the length of the longest pattern, in bytes.
const MaxPattern = 200

// maxSteps bounds the cost of an expression for each character of a text: a short one
// can repeat others a thousand times each. A literal costs nothing.
const maxSteps = 200

// Pattern is something to find in texts, in any case. The zero value is in every text.
type Pattern struct {
	// literal is what a text must have, in lower case. Finding it is ten times as fast
	// as matching an expression.
	literal string
	re      *regexp.Regexp // nil: the literal is all
}

// Word returns the pattern of the word itself.
func Word(word string) (Pattern, error) {
	if len(word) > MaxPattern {
		return Pattern{}, fmt.Errorf("reading a search word: %d bytes; at most %d", len(word), MaxPattern)
	}
	return Pattern{literal: strings.ToLower(word)}, nil
}

// Expression returns the pattern of a regular expression, in the syntax of package
// regexp.
func Expression(expr string) (Pattern, error) {
	if len(expr) > MaxPattern {
		return Pattern{}, fmt.Errorf("reading a search expression: %d bytes; at most %d", len(expr), MaxPattern)
	}
	tree, err := syntax.Parse(expr, syntax.Perl|syntax.FoldCase)
	if err != nil {
		return Pattern{}, fmt.Errorf("reading search expression %q: %w", expr, err)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return Pattern{}, fmt.Errorf("reading search expression %q: %w", expr, err)
	}
	literal, whole := longestLiteral(tree)
	if n := len(program.Inst); n > maxSteps && !whole {
		return Pattern{}, fmt.Errorf("reading search expression %q: %d steps; at most %d", expr, n, maxSteps)
	}
	re, err := regexp.Compile("(?i:" + expr + ")")
	if err != nil {
		return Pattern{}, fmt.Errorf("reading search expression %q: %w", expr, err)
	}
	if whole {
		re = nil
	}
	return Pattern{literal, re}, nil
}

// longestLiteral returns the longest text that must be in what the expression matches,
// and reports whether the text is the whole expression.
func longestLiteral(tree *syntax.Regexp) (text string, whole bool) {
	switch tree.Op {
	case syntax.OpEmptyMatch:
		return "", true
	case syntax.OpLiteral:
		if text = strings.ToLower(string(tree.Rune)); ascii(text) {
			return text, tree.Flags&syntax.FoldCase != 0 || text == string(tree.Rune)
		}
		return "", false
	case syntax.OpCapture:
		return longestLiteral(tree.Sub[0])
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			if found, _ := longestLiteral(sub); len(found) > len(text) {
				text = found
			}
		}
	}
	return text, false
}

// ascii reports whether the text has only characters whose upper and lower case do not
// depend on a language.
func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 })
}

// in reports whether the pattern is in a text, which is in lower case.
func (p Pattern) in(lower string) bool {
	return strings.Contains(lower, p.literal) && (p.re == nil || p.re.MatchString(lower))
}

// memo remembers in which of the few texts of a column the pattern is.
type memo struct {
	Pattern
	known map[string]bool
}

func (m memo) in(text string) bool {
	if m.Pattern == (Pattern{}) {
		return true
	}
	is, ok := m.known[text]
	if !ok {
		is = m.Pattern.in(strings.ToLower(text))
		m.known[text] = is
	}
	return is
}
