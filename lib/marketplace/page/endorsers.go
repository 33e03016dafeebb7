package page

import (
	"net/url"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// EndorserList is a page that lists who endorses.
type EndorserList struct {
	Site
	Rows []entry.Summary // as for Endorsers
}

// HTML writes the page.
func (v EndorserList) HTML() ([]byte, error) {
	type endorser struct{ Email, Subject, Issuer, Href, Tags string }
	var rows []endorser
	for _, r := range distinct(who(v.Rows)) {
		rows = append(rows, endorser{r[0], r[1], r[2], endorserHref(v.Root, r[0]), v.Root + "endorsers/" + url.PathEscape(r[0]) + "/tags"})
	}
	return render("endorsers.html", struct {
		frame
		Rows []endorser
	}{frame{Site: v.Site, Title: "Endorsers", Section: "endorsers"}, rows})
}

// TagList is a page that lists the tags of an endorser.
type TagList struct {
	Site
	Email string
	Rows  []entry.Summary // as for Tags
}

// HTML writes the page.
func (v TagList) HTML() ([]byte, error) {
	type tag struct{ Tag, Href string }
	var rows []tag
	for _, r := range distinct(tags(v.Rows)) {
		rows = append(rows, tag{r[0], v.Root + "tag/" + url.PathEscape(v.Email) + "/" + url.PathEscape(r[0])})
	}
	return render("tags.html", struct {
		frame
		Email, Endorser string
		Rows            []tag
	}{frame{Site: v.Site, Title: "Tags of " + v.Email, Section: "endorsers"}, v.Email, endorserHref(v.Root, v.Email), rows})
}
