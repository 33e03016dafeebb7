package page

import (
	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

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
