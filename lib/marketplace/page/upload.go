package page

import (
	"cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// Upload is the page with the form for uploading, a multipart POST of one file.
type Upload struct {
	Site
	// Refusal says why an upload was refused, empty if none was.
	Refusal string
	// Hint says what to do about it; a general one is shown if it is empty.
	Hint string
}

// HTML writes the page.
func (v Upload) HTML() ([]byte, error) {
	f := frame{Site: v.Site, Title: "Upload", Section: "upload"}
	if v.Refusal != "" {
		f.Title = "Upload refused"
	}
	hint := cmp.Or(v.Hint, "Nothing was stored. Correct the description, sign it again with stratus-sign-metadata, and upload what that writes.")
	return render("upload.html", struct {
		frame
		Refusal, Hint string
	}{f, v.Refusal, hint})
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
	}{frame{Site: v.Site, Title: "Uploaded", Section: "upload"}, v.Key, v.URL, v.Root + v.Key.URLPath() + ".html", v.Existed})
}
