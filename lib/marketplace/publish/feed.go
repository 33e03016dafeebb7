package publish

import (
	"cmp"
	"crypto/sha1"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
)

type feed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  author      `xml:"author"`
	Links   []link      `xml:"link"`
	Entries []feedEntry `xml:"entry"`
}

type feedEntry struct {
	ID         string     `xml:"id"`
	Title      string     `xml:"title"`
	Updated    string     `xml:"updated"`
	Author     author     `xml:"author"`
	Links      []link     `xml:"link"`
	Categories []category `xml:"category"`
	Summary    string     `xml:"summary,omitempty"`
}

type author struct {
	Name  string `xml:"name"`
	Email string `xml:"email,omitempty"`
}

type link struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type category struct {
	Term string `xml:"term,attr"`
}

// Feed writes an Atom feed of entries in the order given, the newest first. base is the
// URL of a Marketplace that serves pages, with a slash at its end. If it is empty,
// links are relative to the feed, which is beside the static page.
func Feed(base string, rows []entry.Summary) ([]byte, error) {
	home := "./"
	if base != "" {
		home = base + "metadata/"
	}
	f := feed{
		ID:      urn("feed"),
		Title:   "StratusLab Marketplace",
		Updated: "1970-01-01T00:00:00Z", // if there are no entries
		Author:  author{Name: "StratusLab Marketplace"},
		Links:   []link{{"self", "application/atom+xml", base + "feed.atom"}, {"alternate", "text/html", home}},
	}
	if base != "" {
		f.ID = base + "feed.atom"
	}
	for _, r := range rows {
		f.Updated = max(f.Updated, r.Created)
		f.Entries = append(f.Entries, newFeedEntry(base, r))
	}
	body, err := xml.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the feed: %w", err)
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

func newFeedEntry(base string, r entry.Summary) feedEntry {
	page, document := "./#"+r.URLPath(), r.URLPath()
	if base != "" {
		page, document = base+r.URLPath()+".html", base+r.URLPath()+"?media=xml"
	}
	e := feedEntry{
		ID:      urn(r.Path()),
		Title:   report.Visible(cmp.Or(strings.TrimSpace(r.Title), r.Identifier)),
		Updated: r.Created,
		Author:  author{r.Email, r.Email},
		Links:   []link{{"alternate", "text/html", page}, {"alternate", "application/rdf+xml", document}},
		Summary: report.Visible(r.Description),
	}
	if r.Deprecated != "" {
		e.Title = "Deprecated: " + e.Title
		e.Summary = report.Visible(r.Deprecated)
	}
	for _, term := range []string{r.OS, r.OSVersion, r.OSArch, r.Kind} {
		if term != "" {
			e.Categories = append(e.Categories, category{report.Visible(term)})
		}
	}
	return e
}

// urn returns the UUID of a name (version 5, RFC 9562), so that an entry has the same
// identity wherever it is published.
func urn(name string) string {
	h := sha1.Sum([]byte("\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8" + namespace + name))
	h[6] = h[6]&0x0F | 0x50
	h[8] = h[8]&0x3F | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// namespace is the URL to which all descriptions of StratusLab are relative.
const namespace = "http://mp.stratuslab.eu/"
