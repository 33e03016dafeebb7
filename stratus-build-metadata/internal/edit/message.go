package edit

import (
	"bytes"
	"strings"
)

const (
	beginning = "<!-- Message of "
	ending    = "End of the message -->\n"
)

// comment makes the objection a comment to put on top of the text; there is
// none without an objection.
func comment(program string, objection error) []byte {
	if objection == nil {
		return nil
	}
	var b strings.Builder
	b.WriteString(beginning + program + ", which goes away by itself. The text does not pass:\n")
	for line := range strings.Lines(objection.Error()) {
		b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
	}
	b.WriteString("To give up, leave the text as it is.\n")
	inner := b.String()[len("<!--"):]
	for strings.Contains(inner, "--") { // which would end the comment, or spoil it
		inner = strings.ReplaceAll(inner, "--", "- -")
	}
	return []byte("<!--" + inner + ending)
}

// withoutComment takes the comment off the text again: as it was written, or
// as the person changed it if its ends are still there.
func withoutComment(text, comment []byte) []byte {
	if len(comment) == 0 {
		return text
	}
	if before, after, ok := bytes.Cut(text, comment); ok {
		return append(bytes.Clone(before), after...)
	}
	before, rest, ok := bytes.Cut(text, []byte(beginning))
	if !ok {
		return text
	}
	_, after, ok := bytes.Cut(rest, []byte(ending))
	if !ok {
		return text
	}
	return append(bytes.Clone(before), after...)
}
