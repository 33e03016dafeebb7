package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/stratuslab/stratus/scripts/marketplace/internal/page"
)

// The media types of answers.
const (
	typeXML  = "application/xml"
	typeRDF  = "application/rdf+xml"
	typeJSON = "application/json"
	typeHTML = "text/html; charset=utf-8"
	typeText = "text/plain; charset=utf-8"
	typeAtom = "application/atom+xml"
)

// answer is what a request is answered with.
type answer struct {
	status int // of HTTP; 0 is 200, or 304 if the client has the body
	media  string
	body   []byte
	header http.Header // besides those of every answer; may be nil
}

// with returns the answer with a further header.
func (a answer) with(name, value string) answer {
	a.header = a.header.Clone()
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set(name, value)
	return a
}

// xmlPolicy is for XML that an endorser may have written: a browser may show it, and
// nothing else.
const xmlPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

// setHeaders sets the headers of an answer.
func (a answer) setHeaders(h http.Header) {
	h.Set("Content-Type", a.media)
	h.Set("Content-Security-Policy", page.ContentSecurityPolicy)
	switch a.media {
	case typeXML, typeRDF, typeAtom:
		h.Set("Content-Security-Policy", xmlPolicy)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Vary", "Accept")
	h.Set("Cache-Control", "no-cache") // that is: ask again, with the ETag
	if a.status != 0 {
		h.Set("Cache-Control", "no-store")
	}
	for name, values := range a.header {
		h[name] = values
	}
}

// largeBody is the size from which Limits.Sending counts a body, in bytes.
const largeBody = 64 << 10

// send sends an answer.
func (s *Server) send(w http.ResponseWriter, r *http.Request, a answer) {
	if size := int64(len(a.body)); size > largeBody {
		defer s.sending.Add(-size)
		if s.sending.Add(size) > s.limits.Sending {
			a = s.busy(r, "too many large answers are on their way at the moment")
		}
	}
	a.setHeaders(w.Header())
	if a.status != 0 {
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body) //nolint:gosec // package page escapes; a client that has gone needs no answer
		return
	}
	digest := sha256.Sum256(a.body)
	w.Header().Set("ETag", `"`+hex.EncodeToString(digest[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}

// made returns an answer with a body, or 500 if making it failed.
func (s *Server) made(r *http.Request, media string, body []byte, err error) answer {
	if err != nil {
		return s.fail(r, err)
	}
	return answer{media: media, body: body}
}

// page returns an answer with a page.
func (s *Server) page(status int, p interface{ HTML() ([]byte, error) }) answer {
	body, err := p.HTML()
	if err != nil {
		s.log.Warnf("%v", err)
		return answer{http.StatusInternalServerError, typeText, []byte(http.StatusText(http.StatusInternalServerError)), nil}
	}
	return answer{status, typeHTML, body, nil}
}

// refuse returns an answer with an error: the same text in the form that the client
// reads.
func (s *Server) refuse(r *http.Request, status int, text string) answer {
	failure := page.Failure{Site: site(r), Status: status, Text: text}
	switch wantedFailure(r) {
	case formatXML:
		return answer{status, typeXML, failure.XML(), nil}
	case formatJSON:
		return answer{status, typeJSON, failure.JSON(), nil}
	}
	return s.page(status, failure)
}

// noMatch is what the original says.
func (s *Server) noMatch(r *http.Request) answer {
	return s.refuse(r, http.StatusNotFound, "no metadata matching query found")
}

// busy returns the answer that the client should try again a little later.
func (s *Server) busy(r *http.Request, text string) answer {
	return s.refuse(r, http.StatusServiceUnavailable, text).with("Retry-After", "5")
}

// fail returns 500. The cause is about this machine, and only in the log.
func (s *Server) fail(r *http.Request, err error) answer {
	s.log.Warnf("%s %.300s: %v", r.Method, r.RequestURI, err)
	return s.refuse(r, http.StatusInternalServerError, "the Marketplace cannot do this at the moment")
}
