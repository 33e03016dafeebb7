package page

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
)

// Single is the page of one entry, whose signature is good.
type Single struct {
	Site
	Entry *entry.Entry
	// History holds the keys of the entries of the same series (see
	// entry.Series), this one included, in any order. The page calls them those
	// of the same endorser, which an address alone does not make them. The
	// newest MaxHistory are shown.
	History []entry.Key
	Now     time.Time
}

// signed makes the URL of a signed document of the path of its entry, for
// browsers too, which servers give a page otherwise.
const signed = "?media=xml"

// HTML writes the page.
func (v Single) HTML() ([]byte, error) {
	s, d := v.Entry.Summary(), v.Entry.Endorsed.Document
	doc, err := canonical(v.Entry)
	if err != nil {
		return nil, err
	}
	by := v.Entry.Endorsed
	title := cmp.Or(strings.TrimSpace(d.Text(metadata.Title)), s.Identifier)
	fields, checksums := describe(v.Root, doc.Root)
	return render("single.html", struct {
		frame
		Row                        row
		Description                string
		Locations, Fields, Digests []field
		History                    []hop
		Newest                     string // URL of a later entry, empty if this is the latest
		Document, JSON             string
		Name, Method, Digest       string
		EmailCertified, SelfSigned bool
		NotBefore, NotAfter        string
	}{
		frame:       frame{Site: v.Site, Title: title, Section: "images"},
		Row:         newRow(v.Root, s, v.Now),
		Description: strings.TrimSpace(d.Text(metadata.Description)),
		Locations:   locations(d.Texts(metadata.Location)), Fields: fields, Digests: checksums,
		History: v.history(), Newest: v.newest(),
		Document: v.Root + v.Entry.URLPath() + signed, JSON: v.Root + v.Entry.URLPath() + ".json",
		Name: cmp.Or(by.Certificate.Subject.CommonName, by.Email), Method: by.Method, Digest: by.Digest,
		EmailCertified: by.EmailCertified, SelfSigned: bytes.Equal(by.Certificate.RawIssuer, by.Certificate.RawSubject),
		NotBefore: metadata.FormatTime(by.Certificate.NotBefore), NotAfter: metadata.FormatTime(by.Certificate.NotAfter),
	})
}

// locations makes links of those that a browser can follow.
func locations(uris []string) []field {
	fields := make([]field, len(uris))
	for i, uri := range uris {
		fields[i].Value = uri
		u, err := url.Parse(uri)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil {
			fields[i].Href = uri
		}
	}
	return fields
}

// MaxHistory is how many entries a history shows.
const MaxHistory = 100

// history gives links to the entries, newest first; that to this one is empty.
func (v Single) history() []hop {
	keys := slices.Clone(v.History)
	slices.SortFunc(keys, func(a, b entry.Key) int { return cmp.Compare(b.Created, a.Created) })
	var links []hop
	for _, k := range keys[:min(len(keys), MaxHistory)] {
		l := hop{Created: k.Created}
		if k != v.Entry.Key {
			l.Href = v.Root + k.URLPath() + ".html"
		}
		links = append(links, l)
	}
	return links
}

// newest gives the URL of the latest entry unless it is this one.
func (v Single) newest() string {
	latest := v.Entry.Key
	for _, k := range v.History {
		if k.Identifier == latest.Identifier && k.Email == latest.Email && k.Created > latest.Created {
			latest = k
		}
	}
	if latest == v.Entry.Key {
		return ""
	}
	return v.Root + latest.URLPath() + ".html"
}

// Unverified is the page of an entry whose signature is not good (any more). It
// shows nothing of the document.
type Unverified struct {
	Site
	Key    entry.Key // as in the path
	Reason string
}

// HTML writes the page.
func (v Unverified) HTML() ([]byte, error) {
	return render("unverified.html", struct {
		frame
		Key              entry.Key
		Reason, Document string
	}{frame{Site: v.Site, Title: "Not verified: " + v.Key.Identifier, Section: "images"}, v.Key, v.Reason, v.Root + v.Key.URLPath() + signed})
}

// hop is a link to another entry of the same series.
type hop struct{ Created, Href string }
