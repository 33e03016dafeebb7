package recipe

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Mirror says which addresses of apt's sources stand for others while a recipe
// is applied.
type Mirror struct{ rules []rule }

// rule replaces one archive: the one at an address or, where that is empty,
// every one whose address ends with the same name as the mirror's.
type rule struct{ from, to string }

// ParseMirror reads "[OLD=]URL" items: URL is a mirror of the archive at OLD; if
// that is not given, of those that end with the same name, such as "/debian".
// It is nil without items.
func ParseMirror(items []string) (*Mirror, error) {
	if len(items) == 0 {
		return nil, nil //nolint:nilnil // as said above
	}
	m := new(Mirror)
	for _, item := range items {
		r := rule{to: item}
		if from, to, ok := strings.Cut(item, "=http"); ok {
			r = rule{from: from, to: "http" + to}
		}
		for _, text := range []string{r.from, r.to} {
			if text != "" && !plainURL(text) {
				return nil, fmt.Errorf("reading the mirror %q: http or https URLs without a password are expected: [OLD=]URL", item)
			}
		}
		if r.from == "" && archive(r.to) == "" {
			return nil, fmt.Errorf("reading the mirror %q: say what it is a mirror of: OLD=URL", item)
		}
		m.rules = append(m.rules, rule{strings.TrimRight(r.from, "/"), strings.TrimRight(r.to, "/")})
	}
	return m, nil
}

// String lists the mirrors.
func (m *Mirror) String() string {
	var to []string
	for _, r := range m.rules {
		to = append(to, r.to)
	}
	return strings.Join(to, ", ")
}

// CheckProxy accepts the URL of a proxy, or none.
func CheckProxy(text string) error {
	if text != "" && !plainURL(text) {
		return errors.New("reading the package proxy: an http or https URL without a password is expected")
	}
	return nil
}

// urlText matches URLs that need no quoting anywhere.
var urlText = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/+%\[\]-]+$`)

func plainURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && urlText.MatchString(text)
}

// archive is the last name of an address's path.
func archive(address string) string {
	u, err := url.Parse(address)
	if err != nil || strings.Trim(u.Path, "/") == "" {
		return ""
	}
	return path.Base(u.Path)
}

// addresses matches those of a source, of both forms that apt knows.
var addresses = regexp.MustCompile(`https?://[^\s\]]+`)

// rewrite puts the mirrors' addresses into the text of a file of sources.
// Comments stay. back is what leads to the former text again.
func (m *Mirror) rewrite(text string) (rewritten string, back []rule) {
	rewritten = replaceAddresses(text, func(address string) string {
		bare := strings.TrimRight(address, "/")
		for _, r := range m.rules {
			if r.to != bare && (r.from == bare || r.from == "" && archive(bare) == archive(r.to)) {
				back = append(back, rule{from: r.to, to: address})
				return r.to
			}
		}
		return address
	})
	return rewritten, back
}

func replaceAddresses(text string, replace func(string) string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = addresses.ReplaceAllStringFunc(line, replace)
		}
		b.WriteString(line)
	}
	return b.String()
}

// undo takes the mirrors' addresses out of a text that was changed since they
// came to be in it.
func undo(text string, back []rule) string {
	return replaceAddresses(text, func(address string) string {
		for _, r := range back {
			if r.from == strings.TrimRight(address, "/") {
				return r.to
			}
		}
		return address
	})
}
