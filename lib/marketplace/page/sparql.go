package page

import (
	"encoding/xml"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

type sparql struct {
	XMLName   xml.Name   `xml:"http://www.w3.org/2005/sparql-results# sparql"`
	Variables []variable `xml:"head>variable"`
	Results   results    `xml:"results"`
}

type variable struct {
	Name string `xml:"name,attr"`
}

type results struct {
	Result []result `xml:"result"`
}

type result struct {
	Bindings []binding `xml:"binding"`
}

type binding struct {
	Name    string `xml:"name,attr"`
	Literal string `xml:"literal"`
}

// table writes SPARQL results of literals. A value that is empty is not bound;
// a row that was there before is left out.
func table(names []string, rows [][]string) ([]byte, error) {
	var t sparql
	for _, name := range names {
		t.Variables = append(t.Variables, variable{name})
	}
	for _, row := range distinct(rows) {
		var r result
		for i, name := range names {
			if row[i] != "" {
				r.Bindings = append(r.Bindings, binding{name, row[i]})
			}
		}
		t.Results.Result = append(t.Results.Result, r)
	}
	return marshalXML(t)
}

// distinct keeps the first of equal rows.
func distinct(rows [][]string) [][]string {
	seen := map[string]bool{}
	var kept [][]string
	for _, row := range rows {
		// No text of a document holds NUL.
		key := ""
		for _, value := range row {
			key += value + "\x00"
		}
		if !seen[key] {
			seen[key] = true
			kept = append(kept, row)
		}
	}
	return kept
}

// Endorsers writes SPARQL results (XML) with email, subject and issuer: one for
// each that differs, in the order given. Nothing else of rows is read.
func Endorsers(rows []entry.Summary) ([]byte, error) {
	return table([]string{"email", "subject", "issuer"}, who(rows))
}

func who(rows []entry.Summary) [][]string {
	values := make([][]string, len(rows))
	for i, r := range rows {
		values[i] = []string{r.Email, r.Subject, r.Issuer}
	}
	return values
}

// History writes SPARQL results (XML) with identifier, created, description,
// location, deprecated and email of entries, in the order given; an entry with
// several locations makes as many results.
func History(rows []entry.Summary) ([]byte, error) {
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

// Tags writes SPARQL results (XML) with the tags that there are, each once, in
// the order given. Only Tag is read.
func Tags(rows []entry.Summary) ([]byte, error) {
	return table([]string{"tag"}, tags(rows))
}

func tags(rows []entry.Summary) [][]string {
	var values [][]string
	for _, r := range rows {
		if r.Tag != "" {
			values = append(values, []string{r.Tag})
		}
	}
	return values
}
