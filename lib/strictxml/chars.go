package strictxml

import "unicode/utf8"

// ValidText reports whether s is UTF-8 and holds only characters that XML 1.0
// allows, so that it can be written into a document, escaped, and read again.
func ValidText(s string) bool {
	for i, r := range s {
		if !isChar(r) {
			return false
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return false
			}
		}
	}
	return true
}

// ValidName reports whether s can be an element or attribute name without a
// prefix (an NCName).
func ValidName(s string) bool {
	return s != "" && nameLength(s) == len(s)
}

func isChar(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

// name reads a name without colon, or returns "" where there is none.
func (p *parser) name() string {
	length := nameLength(p.src[p.pos:])
	p.pos += length
	return string(p.src[p.pos-length : p.pos])
}

// nameLength returns the length of the name that s begins with, 0 for none.
func nameLength[T string | []byte](s T) int {
	i := 0
	for i < len(s) {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		}
		if !nameStart.contain(r) && (i == 0 || !nameOther.contain(r)) {
			break
		}
		i += size
	}
	return i
}
