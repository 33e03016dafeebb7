package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Log takes messages for people, one or more lines each. Its methods may be
// called from several goroutines.
type Log interface {
	// Infof says what is being done; Verbosef what only --verbose asks for.
	Infof(format string, args ...any)
	Verbosef(format string, args ...any)
	// Warnf says what the user should look at.
	Warnf(format string, args ...any)
	// Meter returns a writer that counts the bytes written to it and shows the
	// progress. total is the number of bytes to come, or 0. Close ends it.
	Meter(label string, total int64) io.WriteCloser
}

// Printable replaces what could come from a guest or a document and would drive
// the user's terminal: control characters, and those that turn the direction of
// the text around them.
func Printable(line string) string {
	return strings.Map(func(r rune) rune {
		if drives(r) {
			return '\uFFFD'
		}
		return r
	}, line)
}

// Visible replaces what a reader of a page cannot see, or what changes the direction of
// the text around it, by U+FFFD. Tabs and line ends stay.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) || r == '\n' || r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

func drives(r rune) bool {
	return unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// PrintableJSON does the same for a line of JSON without loss: it escapes those
// characters.
func PrintableJSON(line []byte) string {
	var b strings.Builder
	for _, r := range string(line) {
		if drives(r) {
			fmt.Fprintf(&b, `\u%04x`, r) // all are below U+10000
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// FormatBytes writes a size for people, in binary units: "1.5 GiB".
func FormatBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1023.95 && unit < 5 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTPE"[unit])
}

// ParseBytes parses a size of at least one byte: a number, perhaps with the binary unit K,
// M, G or T.
func ParseBytes(text string) (int64, error) {
	number, shift := text, 0
	if last := len(text) - 1; last >= 0 {
		if i := strings.IndexByte("KMGT", strings.ToUpper(text)[last]); i >= 0 {
			number, shift = text[:last], 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64>>shift {
		return 0, errors.New("not a valid size; want a size such as 20G")
	}
	return n << shift, nil
}

// OneOf returns a parser that accepts two or more words. Its error lists them.
func OneOf[T ~string](words ...T) func(string) (T, error) {
	return func(text string) (T, error) {
		if word := T(text); slices.Contains(words, word) {
			return word, nil
		}
		var list []string
		for _, word := range words {
			list = append(list, string(word))
		}
		last := len(list) - 1
		return "", fmt.Errorf("not supported; want %s or %s", strings.Join(list[:last], ", "), list[last])
	}
}
