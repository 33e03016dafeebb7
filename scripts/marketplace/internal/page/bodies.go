package page

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// declaration begins every XML body.
const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// Failure is the body of an answer with an error.
type Failure struct {
	Site
	Status int // of HTTP
	Text   string
}

// HTML writes the page.
func (v Failure) HTML() ([]byte, error) {
	title := strings.TrimSpace(fmt.Sprintf("%d %s", v.Status, http.StatusText(v.Status)))
	return render("failure.html", struct {
		frame
		Text string
	}{frame{Site: v.Site, Title: title}, v.Text})
}

// XML writes <error>TEXT</error>.
func (v Failure) XML() []byte {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(v.Text)) // a strings.Builder takes everything
	return []byte(declaration + "<error>" + b.String() + "</error>\n")
}

// JSON writes {"STATUS":"TEXT"}.
func (v Failure) JSON() []byte {
	return JSON(map[string]string{strconv.Itoa(v.Status): v.Text})
}

// JSON writes a value of structs, strings and numbers on one line.
func JSON(v any) []byte {
	b, _ := json.Marshal(v) // such values can always be written
	return append(b, '\n')
}

// Rows writes a listing as DataTables reads it. echo is what the request had in
// sEcho, of which only a number is sent back: some readers write it into a page.
// total is the number of all entries, and matching of those that were looked for, of
// which rows is a part.
func Rows(echo string, rows []entry.Summary, total, matching int) []byte {
	draw, _ := strconv.Atoi(echo) // 0 if it is not a number
	data := make([][]string, len(rows))
	for i, r := range rows {
		location := strings.Join(r.Locations[:min(1, len(r.Locations))], "")
		data[i] = []string{
			"", r.OS, r.OSVersion, r.OSArch, r.Email, r.Kind, r.Created, r.Identifier, location, r.Description, r.Title,
		}
	}
	return JSON(struct {
		Echo     int        `json:"sEcho"`
		Total    int        `json:"iTotalRecords"`
		Matching int        `json:"iTotalDisplayRecords"`
		Message  string     `json:"rMsg"`
		Data     [][]string `json:"aaData"`
	}{draw, total, matching, "", data})
}
