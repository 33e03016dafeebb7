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

// formatOf maps media types to formats. A client that knows only the type of an entry,
// of a listing or of a table gets XML of each, and so does one that takes several.
var formatOf = map[string]format{
	"application/xml":                formatXML,
	"text/xml":                       formatXML,
	"application/rdf+xml":            formatXML,
	"application/sparql-results+xml": formatXML,
	"application/*":                  formatXML,
	"text/*":                         formatXML,
	"*/*":                            formatXML,
	"application/json":               formatJSON,
	"text/html":                      formatHTML,
	"application/xhtml+xml":          formatHTML,
}

// wanted returns the format of an answer: the one in the parameter media, else the one
// with the highest weight in the header Accept, of equal weights the first. XML is the
// default, also where nothing would be acceptable, as with the original.
func wanted(r *http.Request) format {
	best := preference{format: formatXML}
	for _, p := range accepted(r) {
		if p.format != "" && p.q > best.q {
			best = p
		}
	}
	return mediaParameter(r, best.format)
}

// wantedFailure returns the format of an error: that of the first type in the header
// Accept, and HTML if the type is unknown.
func wantedFailure(r *http.Request) format {
	if a := accepted(r); len(a) > 0 && a[0].format != "" && !a[0].several {
		return mediaParameter(r, a[0].format)
	}
	return mediaParameter(r, formatHTML)
}

// mediaParameter returns the format in the parameter media, or another one without it.
func mediaParameter(r *http.Request, other format) format {
	switch named := format(r.URL.Query().Get("media")); named {
	case formatXML, formatJSON, formatHTML:
		return named
	}
	return other
}

// preference is one item of the header Accept.
type preference struct {
	format  format // empty if the type is unknown
	several bool   // the item stands for several types
	q       float64
}

// maxAccepted bounds how many items of the header count.
const maxAccepted = 50

// accepted reads the header Accept. Parameters other than q are ignored, and so are
// items without a type. A weight that is not valid is 0.
func accepted(r *http.Request) []preference {
	var found []preference
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, parameters, _ := strings.Cut(item, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		p := preference{formatOf[media], strings.Contains(media, "*"), 1}
		for parameter := range strings.SplitSeq(parameters, ";") {
			if name, value, ok := strings.Cut(parameter, "="); ok && strings.EqualFold(strings.TrimSpace(name), "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil || !(0 <= q && q <= 1) {
					q = 0
				}
				p.q = q
			}
		}
		if media != "" && len(found) < maxAccepted {
			found = append(found, p)
		}
	}
	return found
}
