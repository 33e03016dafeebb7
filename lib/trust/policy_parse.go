package trust

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// list is one of the keys that a file may have.
type list struct {
	section, key string
	add          func(p *policy, item string) error
}

var lists = []list{
	{"endorsers", WhitelistEndorsers, (*policy).allowEndorser},
	{"endorsers", BlacklistEndorsers, (*policy).barEndorser},
	{"checksums", WhitelistChecksums, func(p *policy, item string) error { return addChecksum(&p.whiteChecksums, item) }},
	{"checksums", BlacklistChecksums, func(p *policy, item string) error { return addChecksum(&p.blackChecksums, item) }},
	{"images", WhitelistImages, func(p *policy, item string) error { return addImage(&p.whiteImages, item) }},
	{"images", BlacklistImages, func(p *policy, item string) error { return addImage(&p.blackImages, item) }},
}

// parsePolicy reads a policy:
//
//	[endorsers]
//	whitelistendorsers =
//	    jane@example.org
//	    joe@example.org 00:11:...:FF
//	blacklistendorsers = eve@example.org
//	[checksums]
//	whitelistchecksums, blacklistchecksums
//	[images]
//	whitelistimages, blacklistimages
//
// A list has one item after its key, or on each indented line below it. An
// endorser is an e-mail address, perhaps with the SHA-256 fingerprint of a
// certificate; a checksum the digits of MD5, SHA-1, SHA-256 or SHA-512, which
// as its length says; an image its identifier. The case of keys and sections does
// not matter, nor does that of checksums. Lines that begin with "#" or ";",
// indented or not, are comments.
//
// Whatever else there is, is an error that names the line: a list that is
// misspelled must not silently be none. For the same reason no key may be given
// twice.
func parsePolicy(text []byte) (*policy, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8 text")
	}
	read := reader{policy: &policy{}, seen: make(map[string]bool)}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		number++
		if err := read.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return read.policy, nil
}

// reader is the state between two lines.
type reader struct {
	policy  *policy
	section string
	list    *list // whose items the indented lines are
	seen    map[string]bool
}

func (r *reader) line(line string) error {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || strings.ContainsAny(text[:1], "#;"):
		return nil
	case strings.ContainsAny(line[:1], " \t"):
		return r.item(text)
	case text[0] == '[':
		return r.header(text)
	}
	return r.key(text)
}

func (r *reader) item(text string) error {
	if r.list == nil {
		return fmt.Errorf("%.120q is indented, but there is no key above it to which it could belong", text)
	}
	name, _, _ := cutKey(text)
	if l := find(func(l list) bool { return strings.EqualFold(l.key, name) }); l != nil {
		return fmt.Errorf("the key %q is indented, which makes it an item of %s", name, r.list.key)
	}
	return r.list.add(r.policy, text)
}

func (r *reader) header(text string) error {
	name := strings.TrimSuffix(text[1:], "]")
	l := find(func(l list) bool { return strings.EqualFold(l.section, name) })
	if l == nil || name == text[1:] {
		return fmt.Errorf("section %.120q is not supported; want [endorsers], [checksums] or [images]", text)
	}
	r.section, r.list = l.section, nil
	return nil
}

func (r *reader) key(text string) error {
	name, value, ok := cutKey(text)
	switch {
	case !ok:
		return fmt.Errorf("%.120q: not a valid line; want KEY = VALUE, or an item after white space", text)
	case r.section == "":
		return fmt.Errorf("the key %.120q stands before the first section", name)
	}
	l := find(func(l list) bool { return l.section == r.section && strings.EqualFold(l.key, name) })
	switch {
	case l == nil:
		return fmt.Errorf("key %.120q in [%s] is not supported; want %s", name, r.section, allowedKeys(r.section))
	case r.seen[l.key]:
		return fmt.Errorf("the key %q is given twice; put all of its items below the first one", l.key)
	}
	r.list, r.seen[l.key] = l, true
	if value == "" {
		return nil
	}
	return l.add(r.policy, value)
}

// cutKey splits a line at its first "=" or ":".
func cutKey(text string) (name, value string, ok bool) {
	i := strings.IndexAny(text, "=:")
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:]), true
}

func find(is func(list) bool) *list {
	for i := range lists {
		if is(lists[i]) {
			return &lists[i]
		}
	}
	return nil
}

func allowedKeys(section string) string {
	var keys []string
	for _, l := range lists {
		if l.section == section {
			keys = append(keys, l.key)
		}
	}
	return strings.Join(keys, " or ")
}
