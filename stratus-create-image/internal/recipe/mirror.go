package recipe

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Mirror stands for an archive of apt's while a recipe is applied: for the one
// at a URL or, where that is empty, for each whose URL ends with the same name as
// the mirror's.
type Mirror struct{ from, to string }

// Mirrors are several of them; the first that fits counts.
type Mirrors []Mirror

// ParseMirror reads "[OLD=]URL": URL is a mirror of the archive at OLD or, where
// that is not given, of those that end with the same name, such as "/debian".
func ParseMirror(text string) (Mirror, error) {
	m := Mirror{to: text}
	if from, to, ok := strings.Cut(text, "=http"); ok {
		m = Mirror{from: from, to: "http" + to}
	}
	for _, address := range []string{m.from, m.to} {
		if address != "" && !plainURL(address) {
			return Mirror{}, errors.New("not a valid mirror; want [OLD=]URL, http or https URLs without a password")
		}
	}
	if m.from == "" && archive(m.to) == "" {
		return Mirror{}, errors.New("the URL does not name an archive; want OLD=URL")
	}
	return Mirror{strings.TrimRight(m.from, "/"), strings.TrimRight(m.to, "/")}, nil
}

// String lists the mirrors' URLs.
func (m Mirrors) String() string {
	to := make([]string, len(m))
	for i, mirror := range m {
		to[i] = mirror.to
	}
	return strings.Join(to, ", ")
}

// Proxy is the URL of a proxy.
type Proxy string

// ParseProxy returns the proxy at an http or https URL. Its error does not quote
// the text, which may contain a password.
func ParseProxy(text string) (Proxy, error) {
	if !plainURL(text) {
		return "", errors.New("not a valid proxy; want an http or https URL without a password")
	}
	return Proxy(text), nil
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
func (m Mirrors) rewrite(text string) (rewritten string, back []Mirror) {
	rewritten = replaceAddresses(text, func(address string) string {
		bare := strings.TrimRight(address, "/")
		for _, r := range m {
			if r.to != bare && (r.from == bare || r.from == "" && archive(bare) == archive(r.to)) {
				back = append(back, Mirror{from: r.to, to: address})
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
func undo(text string, back []Mirror) string {
	return replaceAddresses(text, func(address string) string {
		for _, r := range back {
			if r.from == strings.TrimRight(address, "/") {
				return r.to
			}
		}
		return address
	})
}
