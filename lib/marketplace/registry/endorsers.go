package registry

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
)

// endorser is one of the list of endorsers.
type endorser struct {
	Email   string `json:"email"`
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
}

func endorserOf(s entry.Summary) endorser {
	return endorser{s.Email, shorten(s.Subject), shorten(s.Issuer)}
}

// shorten cuts a name, which may be as long as its owner likes.
func shorten(name string) string {
	const longest = 200
	if len(name) <= longest {
		return name
	}
	return strings.ToValidUTF8(name[:longest-len("…")], "") + "…"
}

func byName(a, b endorser) int {
	return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Issuer, b.Issuer))
}

// endorsersDir lists who has endorsed something.
const endorsersDir = "endorsers"

const (
	// maxEndorsers is how many endorsers are listed: those who came last.
	maxEndorsers = 2000
	// endorsersLimit is far above the length of a list of so many.
	endorsersLimit = 16 << 20
)

// endorsers reads the list of endorsers, in the order of their arrival. One
// that is too long is not of this package, and broken. If there is none the error wraps
// fs.ErrNotExist as well.
func (r *Registry) endorsers() ([]endorser, error) {
	body, err := r.files.ReadFile(endorsersDir+"/index.json", endorsersLimit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errUnfit) {
		return nil, err
	}
	var known []endorser
	if err == nil {
		err = json.Unmarshal(body, &known)
	}
	if err != nil {
		return nil, errors.Join(errBroken, err)
	}
	return known, nil
}

// putEndorsers writes the list of endorsers, who are given in the order of
// their arrival. People see it sorted.
func putEndorsers(b *batch, known []endorser) error {
	known = known[max(0, len(known)-maxEndorsers):]
	rows := make([]entry.Summary, len(known))
	for i, e := range slices.SortedFunc(slices.Values(known), byName) {
		rows[i] = entry.Summary{Key: entry.Key{Email: e.Email}, Subject: e.Subject, Issuer: e.Issuer}
	}
	body, err := json.Marshal(known)
	if err != nil {
		return err
	}
	xml, err := page.Endorsers(rows)
	if err != nil {
		return err
	}
	html, err := page.EndorserList{Site: scope{dir: endorsersDir}.site(0), Rows: rows}.HTML()
	b.put(asIndex, endorsersDir+"/index.json", body)
	b.put(asIndex, endorsersDir+"/index.xml", xml)
	b.put(asIndex, endorsersDir+"/index.html", html)
	return err
}

// planEndorser adds the endorser of the newest entry of a log, which is that of
// the endorser, to the list of them.
func (w *writer) planEndorser(b *batch, l *log) error {
	window := l.window()
	added := endorserOf(window[0].Summary)
	for _, it := range window[1:] {
		if endorserOf(it.Summary) == added {
			return nil // is in the list already
		}
	}
	known, err := w.endorsers()
	if errors.Is(err, fs.ErrNotExist) {
		global, unread := w.state(entry.Root)
		if global.Pages > 0 || unread != nil {
			return errors.Join(err, unread)
		}
		err = nil // this is the first of all entries
	}
	if err != nil {
		return err
	}
	if !slices.Contains(known, added) {
		known = append(known, added)
	}
	return putEndorsers(b, known)
}
