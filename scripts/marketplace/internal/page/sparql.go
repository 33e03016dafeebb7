package page

import (
	"bytes"
	"encoding/xml"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

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
