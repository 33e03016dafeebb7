package entry

import (
	"fmt"
	"strings"
)

// maxTagName bounds the name of the directory of a tag, in bytes.
const maxTagName = 200

// TagPath returns the directory of a tag, "tag/EMAIL/TAG". It is empty if there is
// no tag, or one that is too long for the name of a directory. Control characters,
// "/", "\", "%" and a leading "." are escaped as in a URL; other bytes stand for
// themselves.
func TagPath(email, tag string) string {
	var b strings.Builder
	for i := range len(tag) {
		switch c := tag[i]; {
		case c < ' ', c == 0x7F, c == '/', c == '\\', c == '%', c == '.' && i == 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	if b.Len() == 0 || b.Len() > maxTagName {
		return ""
	}
	return "tag/" + email + "/" + b.String()
}
