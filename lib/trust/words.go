package trust

import (
	"crypto/x509/pkix"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// nameOf returns a distinguished name, most specific part first.
func nameOf(name pkix.Name) string {
	return visible(fmt.Sprintf("%.200s", name))
}

// plain returns the text of an error of the standard library.
func plain(err error) string {
	return visible(fmt.Sprintf("%.200s", strings.TrimPrefix(err.Error(), "x509: ")))
}

// visible keeps what certificates say from reaching a terminal as more than
// text.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

func date(t time.Time) string {
	return t.UTC().Format(time.DateOnly)
}

func moment(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

// apart returns t to the second if its date would be that of the other.
func apart(t, other time.Time) string {
	if date(t) == date(other) {
		return moment(t)
	}
	return date(t)
}
