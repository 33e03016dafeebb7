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

// formats are all formats, the preferred one first.
var formats = []format{formatXML, formatJSON, formatHTML}

// formatOf maps media types to formats. A client that knows only the type of an entry,
// of a listing or of a table gets XML of each.
var formatOf = map[string]format{
	"application/xml":                formatXML,
	"text/xml":                       formatXML,
	"application/rdf+xml":            formatXML,
	"application/sparql-results+xml": formatXML,
	"application/json":               formatJSON,
	"text/html":                      formatHTML,
	"application/xhtml+xml":          formatHTML,
}

// wanted returns the format of an answer: the one in the parameter media, else the one
// with the highest weight in the header Accept, of equal weights the first. XML is the
// default, also where nothing would be acceptable, as with the original.
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

// wantedFailure returns the format of an error: that of the first type in the header
// Accept, and HTML if the type is unknown.
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

// maxAccepted bounds how many items of the header count.
const maxAccepted = 50

// accepted reads the header Accept. Parameters other than q are ignored, and so are
// items without a type.
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

// quality reads a weight; one that is not valid is 0.
func quality(value string) float64 {
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || !(0 <= q && q <= 1) {
		return 0
	}
	return q
}
