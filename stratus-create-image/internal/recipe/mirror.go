package recipe

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Mirror replaces an archive of apt while a recipe is applied: the one at the URL
// from or, if that is empty, each whose URL ends with the same name as the
// mirror's.
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

// archive returns the last name of a URL's path, or "".
func archive(address string) string {
	u, err := url.Parse(address)
	if err != nil || strings.Trim(u.Path, "/") == "" {
		return ""
	}
	return path.Base(u.Path)
}

// addresses matches the URLs of a source, of both forms that apt knows.
var addresses = regexp.MustCompile(`https?://[^\s\]]+`)

// rewrite returns the text of a file of sources with the mirrors' URLs. Comments
// stay.
func (m Mirrors) rewrite(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = addresses.ReplaceAllStringFunc(line, m.replace)
		}
		b.WriteString(line)
	}
	return b.String()
}

func (m Mirrors) replace(address string) string {
	bare := strings.TrimRight(address, "/")
	for _, one := range m {
		if one.to != bare && (one.from == bare || one.from == "" && archive(bare) == archive(one.to)) {
			return one.to
		}
	}
	return address
}
