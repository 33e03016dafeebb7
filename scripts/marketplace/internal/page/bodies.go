package page

import (
	"bytes"
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

// table writes SPARQL results of literals. A value that is empty is not bound; a row
// that is repeated is left out.
func table(names []string, rows [][]string) []byte {
	var b bytes.Buffer
	b.WriteString(declaration + `<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head>`)
	for _, name := range names {
		b.WriteString(`<variable name="` + name + `"></variable>`)
	}
	b.WriteString("</head><results>\n")
	seen := make(map[string]bool)
	for _, row := range rows {
		key := strings.Join(row, "\x00") // which no text of a document holds
		if seen[key] {
			continue
		}
		seen[key] = true
		b.WriteString("<result>")
		for i, name := range names {
			if row[i] != "" {
				b.WriteString(`<binding name="` + name + `"><literal>`)
				_ = xml.EscapeText(&b, []byte(row[i])) // a buffer takes everything
				b.WriteString("</literal></binding>")
			}
		}
		b.WriteString("</result>\n")
	}
	b.WriteString("</results></sparql>\n")
	return b.Bytes()
}

// Endorsers writes SPARQL results (XML) with email, subject and issuer: one for each
// that differs, in the order given.
func Endorsers(rows []entry.Summary) []byte {
	values := make([][]string, len(rows))
	for i, r := range rows {
		values[i] = []string{r.Email, r.Subject, r.Issuer}
	}
	return table([]string{"email", "subject", "issuer"}, values)
}

// History writes SPARQL results (XML) with identifier, created, description,
// location, deprecated and email of entries, in the order given; an entry with
// several locations makes as many results.
func History(rows []entry.Summary) []byte {
	var values [][]string
	for _, r := range rows {
		locations := r.Locations
		if len(locations) == 0 {
			locations = []string{""}
		}
		for _, location := range locations {
			values = append(values, []string{r.Identifier, r.Created, r.Description, location, r.Deprecated, r.Email})
		}
	}
	return table([]string{"identifier", "created", "description", "location", "deprecated", "email"}, values)
}

// Tags writes SPARQL results (XML) with the tags that there are, each once, in the
// order given.
func Tags(rows []entry.Summary) []byte {
	var values [][]string
	for _, r := range rows {
		if r.Tag != "" {
			values = append(values, []string{r.Tag})
		}
	}
	return table([]string{"tag"}, values)
}
