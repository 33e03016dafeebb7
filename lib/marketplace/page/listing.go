package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// declaration begins every XML body.
const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// XML writes a listing of documents, each as entry.Embeddable gives it. next is
// the path of the listing with older entries, below the root of the
// Marketplace, and empty if there is none.
func XML(documents [][]byte, next string) []byte {
	var b bytes.Buffer
	b.WriteString(declaration + "<metadata")
	if next != "" {
		b.WriteString(` next="` + escapeXML(next) + `"`)
	}
	b.WriteString(">\n")
	for _, document := range documents {
		b.Write(document)
		b.WriteByte('\n')
	}
	b.WriteString("</metadata>\n")
	return b.Bytes()
}

func escapeXML(s string) string {
	var b strings.Builder
	// A strings.Builder takes everything.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// Rows writes a listing as DataTables reads it. echo is what the request had in
// sEcho, of which only a number is sent back; total is the number of all
// entries, matching that of those that were looked for, of which rows is a part.
func Rows(echo string, rows []entry.Summary, total, matching int) ([]byte, error) {
	// What is not a number is 0, as some readers write it into a page.
	draw, _ := strconv.Atoi(echo)
	data := make([][]string, len(rows))
	for i, r := range rows {
		location := ""
		if len(r.Locations) > 0 {
			location = r.Locations[0]
		}
		data[i] = []string{"", r.OS, r.OSVersion, r.OSArch, r.Email, r.Kind, r.Created, r.Identifier, location, r.Description, r.Title}
	}
	return marshal(struct {
		Echo     int        `json:"sEcho"`
		Total    int        `json:"iTotalRecords"`
		Matching int        `json:"iTotalDisplayRecords"`
		Message  string     `json:"rMsg"`
		Data     [][]string `json:"aaData"`
	}{draw, total, matching, "", data})
}

func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return append(b, '\n'), nil
}

func marshalXML(v any) ([]byte, error) {
	b, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing XML: %w", err)
	}
	return append([]byte(declaration), append(b, '\n')...), nil
}
