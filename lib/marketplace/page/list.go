package page

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// List is a page that lists entries.
type List struct {
	Site
	Heading string
	Rows    []entry.Summary // in the order in which they are shown
	Total   int             // entries of which Rows is a part
	// Newer and Older are relative URLs of the pages before and after this
	// one, empty where there is none.
	Newer, Older string
	// Search is what was looked for; nil on a server is a page without a form.
	// Static pages always have one, which their script shows.
	Search *Search
	Now    time.Time
}

// HTML writes the page.
func (v List) HTML() ([]byte, error) {
	f := frame{Site: v.Site, Title: v.Heading, Section: "images", Newer: v.Newer, Older: v.Older}
	rows := make([]row, len(v.Rows))
	for i, r := range v.Rows {
		rows[i] = newRow(v.Root, r, v.Now)
	}
	search, form := Search{Status: everything}, v.Static
	if v.Search != nil && !v.Static {
		search, form = *v.Search, true
		search.Status = cmp.Or(search.Status, string(entry.Valid))
	}
	return render("list.html", struct {
		frame
		Rows     []row
		Count    string
		Form     bool
		Search   Search
		Statuses []string
	}{f, rows, count(len(rows), v.Total), form, search, append(names(entry.Statuses()), everything)})
}

// everything is the status to search for that all entries have.
const everything = "all"

func names(statuses []entry.Status) []string {
	var words []string
	for _, s := range statuses {
		words = append(words, string(s))
	}
	return words
}

func count(shown, total int) string {
	switch {
	case total <= shown && shown == 1:
		return "1 image"
	case total <= shown:
		return fmt.Sprintf("%d images", shown)
	}
	return fmt.Sprintf("%d of %d images", shown, total)
}

// row is an entry in a list.
type row struct {
	entry.Summary
	Href, EndorserHref string
	Status             badge
	Day, Clock, Size   string
}

func newRow(root string, s entry.Summary, now time.Time) row {
	day, clock, _ := strings.Cut(strings.TrimSuffix(s.Created, "Z"), "T")
	s.Title = cmp.Or(strings.TrimSpace(s.Title), s.Identifier)
	return row{
		Summary: s, Href: root + s.URLPath() + ".html", EndorserHref: endorserHref(root, s.Email),
		Status: newBadge(s, now), Day: day, Clock: clock, Size: size(s.Bytes),
	}
}

func endorserHref(root, email string) string { return root + "metadata/" + url.PathEscape(email) + "/" }

// badge shows a status.
type badge struct {
	Status entry.Status
	Valid  string // time of expiry of what is valid, at which the badge changes
	Reason string
}

func newBadge(s entry.Summary, now time.Time) badge {
	b := badge{Status: s.Status(now)}
	switch {
	case b.Status == entry.Deprecated:
		b.Reason = s.Deprecated
	case s.Valid == "":
		b.Reason = "It has no time of expiry, and is never listed as valid."
	case b.Status == entry.Expired:
		b.Reason = "Expired on " + s.Valid
	default:
		b.Valid, b.Reason = s.Valid, "Valid until "+s.Valid
	}
	return b
}

// size writes a number of bytes for people.
func size(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n)/(1<<10), 0
	for f >= 1023.95 {
		f /= 1 << 10
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGTPE"[unit])
}
