// Package page writes the bodies of the server's answers that are not files of the
// registry: the pages that only a server has (an entry whose signature it has just
// verified, uploading, failures), and tables in JSON and XML. For browsing and
// searching there is the registry's one static page.
//
// Everything in an entry may be hostile, and comes out as text. Links are relative to
// the root of the Marketplace, which Site.Root leads to.
//
// It must not know where entries are kept, nor how a request looks.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
)

// Site says where a page is.
type Site struct {
	// Root is the relative URL of the root of the Marketplace, with a slash at its
	// end, such as "../../".
	Root string
}

// frame is what every page has.
type frame struct {
	Site
	Title   string
	Section string // of the navigation
}

// ContentSecurityPolicy is the header that a server sends along with every page.
// Pages hold as much of it as a page can.
const ContentSecurityPolicy = inPage + "; frame-ancestors 'none'"

const inPage = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'"

//go:embed html
var sources embed.FS

// pages holds one template per page; each fills in the frame.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"policy": func() string { return inPage },
}).ParseFS(sources, "html/*.html"))

// render executes a template. Characters that cannot be seen, or that change the
// direction of the text around them, become U+FFFD.
func render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("writing page %q: %w", name, err)
	}
	return []byte(report.Visible(b.String())), nil
}

// Upload is the page with the form for uploading, a multipart POST of one file.
type Upload struct {
	Site
	Refusal string // why an upload was refused, empty if none was
}

// HTML writes the page.
func (v Upload) HTML() ([]byte, error) {
	title := "Upload"
	if v.Refusal != "" {
		title = "Upload refused"
	}
	return render("upload.html", struct {
		frame
		Refusal string
	}{frame{v.Site, title, "upload"}, v.Refusal})
}

// Uploaded is the page that says that an upload was taken in.
type Uploaded struct {
	Site
	Key     entry.Key
	URL     string // of the entry
	Existed bool   // the same document had been uploaded before
}

// HTML writes the page.
func (v Uploaded) HTML() ([]byte, error) {
	return render("uploaded.html", struct {
		frame
		Key       entry.Key
		URL, Href string
		Existed   bool
	}{frame{v.Site, "Uploaded", "upload"}, v.Key, v.URL, v.Root + v.Key.URLPath(), v.Existed})
}
