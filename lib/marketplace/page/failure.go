package page

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Failure is the body of an answer that is none.
type Failure struct {
	Site
	Status int // of HTTP
	Text   string
}

// HTML writes the page.
func (v Failure) HTML() ([]byte, error) {
	return render("failure.html", struct {
		frame
		Text string
	}{frame{Site: v.Site, Title: strings.TrimSpace(fmt.Sprintf("%d %s", v.Status, http.StatusText(v.Status)))}, v.Text})
}

// XML writes <error>TEXT</error>.
func (v Failure) XML() []byte {
	return []byte(declaration + "<error>" + escapeXML(v.Text) + "</error>\n")
}

// JSON writes {"STATUS":"TEXT"}.
func (v Failure) JSON() []byte {
	// A map of strings can always be written.
	b, _ := marshal(map[string]string{strconv.Itoa(v.Status): v.Text})
	return b
}

// Redirect is a page at the root that leads to the list of images.
func Redirect() ([]byte, error) { return render("redirect.html", frame{Title: "Images"}) }
