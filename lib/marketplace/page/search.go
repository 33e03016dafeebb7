package page

import (
	"net/url"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Search is what the form of a List asks for. Each word is looked for anywhere
// in its field, in any case.
type Search struct {
	OS, Version, Arch, Endorser, Title string
	// Status is one of entry.Statuses, "all", or empty, which on a server
	// stands for valid.
	Status string
}

// ParseSearch reads the parameters os, version, arch, endorser, title and
// status of a request.
func ParseSearch(q url.Values) Search {
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	return Search{
		OS: get("os"), Version: get("version"), Arch: get("arch"),
		Endorser: get("endorser"), Title: get("title"), Status: get("status"),
	}
}

// Values is what ParseSearch reads, without empty parameters.
func (s Search) Values() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"os": s.OS, "version": s.Version, "arch": s.Arch, "endorser": s.Endorser, "title": s.Title, "status": s.Status,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// Matches tells whether the words are found in an entry. It does not look at
// the status, which Query.Status of package entry is for.
func (s Search) Matches(e entry.Summary) bool {
	has := func(text, word string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(word)) }
	return has(e.OS, s.OS) && has(e.OSVersion, s.Version) && has(e.OSArch, s.Arch) && has(e.Email, s.Endorser) && has(e.Title, s.Title)
}
