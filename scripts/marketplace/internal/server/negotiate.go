package server

import (
	"net/http"
	"strconv"
	"strings"
)

// format is the kind of body that a client wants.
type format string

const (
	formatXML  format = "xml"
	formatJSON format = "json"
	formatHTML format = "html"
)

// formats are all of them, the preferred one first.
var formats = []format{formatXML, formatJSON, formatHTML}

// formatOf says which body a media type stands for. A client that knows only
// the type of an entry, of a listing or of a table gets XML of each.
var formatOf = map[string]format{
	"application/xml":                formatXML,
	"text/xml":                       formatXML,
	"application/rdf+xml":            formatXML,
	"application/sparql-results+xml": formatXML,
	"application/json":               formatJSON,
	"application/rdf+json":           formatJSON,
	"text/html":                      formatHTML,
	"application/xhtml+xml":          formatHTML,
}

// wanted chooses the body of an answer: what the parameter media names, else
// what the header Accept likes best. What is liked equally is taken in the
// order of the header. XML is the default, also where nothing would be
// acceptable, as it was with the original.
func wanted(r *http.Request) format {
	if named, ok := mediaParameter(r); ok {
		return named
	}
	best, bestQ := formatXML, 0.0
	for _, a := range accepted(r) {
		for _, f := range formats {
			if a.q > bestQ && a.covers(f) {
				best, bestQ = f, a.q
			}
		}
	}
	return best
}

func mediaParameter(r *http.Request) (format, bool) {
	for _, f := range formats {
		if r.URL.Query().Get("media") == string(f) {
			return f, true
		}
	}
	return "", false
}

// wantedFailure chooses the body of an answer that is none: of the first type
// in the header only, and HTML unless that is of XML or JSON.
func wantedFailure(r *http.Request) format {
	if named, ok := mediaParameter(r); ok {
		return named
	}
	if a := accepted(r); len(a) > 0 && formatOf[a[0].media] != "" {
		return formatOf[a[0].media]
	}
	return formatHTML
}

// preference is one item of the header Accept.
type preference struct {
	media string // in lower case; may be "*/*" or "text/*"
	q     float64
}

func (p preference) covers(f format) bool {
	for media, of := range formatOf {
		group, _, _ := strings.Cut(media, "/")
		if of == f && (p.media == media || p.media == "*/*" || p.media == group+"/*") {
			return true
		}
	}
	return false
}

// maxAccepted bounds how many items of the header are looked at.
const maxAccepted = 50

// accepted reads the header Accept. Other parameters than q are ignored, and so
// are items that cannot be read.
func accepted(r *http.Request) []preference {
	var found []preference
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, parameters, _ := strings.Cut(item, ";")
		p := preference{strings.ToLower(strings.TrimSpace(media)), 1}
		for parameter := range strings.SplitSeq(parameters, ";") {
			if name, value, ok := strings.Cut(parameter, "="); ok && strings.EqualFold(strings.TrimSpace(name), "q") {
				p.q = quality(strings.TrimSpace(value))
			}
		}
		if p.media != "" && len(found) < maxAccepted {
			found = append(found, p)
		}
	}
	return found
}

// quality reads a weight; what is none counts as not wanted.
func quality(value string) float64 {
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || !(0 <= q && q <= 1) {
		return 0
	}
	return q
}
