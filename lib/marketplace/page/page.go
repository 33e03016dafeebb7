// Package page writes what a Marketplace answers: listings in XML, in JSON for
// tables and in HTML, the RDF/JSON of an entry, an Atom feed, and the tables
// about endorsers. The same pages are written as files by a registry and sent
// by a server.
//
// It must not know where entries are kept or how a request looks: it is given
// what a body shows, and gives the bytes of it. Everything in an entry may be
// hostile, and comes out as text.
//
// # Links
//
// Links are relative to the root of the Marketplace, which Site.Root leads to,
// and are the same in files and on a server:
//
//	metadata/                           the list of images; metadata/ID/ and metadata/EMAIL/ as well
//	metadata/ID/EMAIL/CREATED.html      the page of an entry (Single, Unverified)
//	metadata/ID/EMAIL/CREATED.json      RDFJSON
//	metadata/ID/EMAIL/CREATED?media=xml the signed document; a server of files ignores the query
//	endorsers/                          EndorserList
//	endorsers/EMAIL/tags, tag/EMAIL/TAG TagList; on a server only
//	feed.atom                           Atom
//	upload                              Upload; on a server only; posts to metadata
//	css/marketplace.css, js/marketplace.js  Assets
//
// # Searching
//
// On a server the form of a List asks for the page itself with the parameters
// that ParseSearch reads, and its script shows the answer as one types. In a
// file the script looks through the rows that there are, and loads older pages
// (the link with rel=next) until it has found enough. Without script the form
// is not seen in a file.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"unicode"
)

// Site says where a page is.
type Site struct {
	// Root is the relative URL of the root of the Marketplace, with a slash at
	// its end unless it is empty, such as "../../".
	Root string
	// Static pages are files: they offer no upload, and say what was true when
	// they were written.
	Static bool
}

// frame is what every page has.
type frame struct {
	Site
	Title        string
	Section      string // of the navigation
	Newer, Older string // pages before and after this one
}

// ContentSecurityPolicy is what a server should send along with every page.
// Pages hold as much of it as a page can.
const ContentSecurityPolicy = inPage + "; frame-ancestors 'none'"

const inPage = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'"

//go:embed css js
var assets embed.FS

// Assets holds css/marketplace.css and js/marketplace.js.
func Assets() fs.FS { return assets }

//go:embed html
var sources embed.FS

// pages holds one template per page; each fills in the frame.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"policy": func() string { return inPage },
}).ParseFS(sources, "html/*.html"))

// render executes a template. What cannot be seen, or changes the direction of
// the text around it, is shown as U+FFFD wherever it comes from.
func render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("writing page %q: %w", name, err)
	}
	return bytes.Map(visible, b.Bytes()), nil
}

// plain makes a foreign text fit to be shown elsewhere.
func plain(s string) string { return strings.Map(visible, s) }

func visible(r rune) rune {
	if unicode.IsGraphic(r) || r == '\n' || r == '\t' {
		return r
	}
	return unicode.ReplacementChar
}
