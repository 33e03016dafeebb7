package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/page"
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

// setHeaders sets what goes with every answer.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", page.ContentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Vary", "Accept")
	h.Set("Cache-Control", "no-cache") // that is: ask again, with the ETag
}

// xmlPolicy is for XML, which somebody else may have written: a browser that is
// led to it should show it, at most.
const xmlPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

// setType says what a body is, and with that what it may do in a browser.
func setType(h http.Header, mediaType string) {
	h.Set("Content-Type", mediaType)
	switch mediaType {
	case typeXML, typeRDF, typeAtom:
		h.Set("Content-Security-Policy", xmlPolicy)
	}
}

// largeBody is the size from which a body counts among those that are being
// sent.
const largeBody = 64 << 10

// send answers a GET or HEAD with a body, or with 304 if the client has it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, mediaType string, body []byte) {
	if size := int64(len(body)); size > largeBody {
		defer s.sending.Add(-size)
		if s.sending.Add(size) > s.limits.Sending {
			w.Header().Del("Content-Disposition")
			s.busy(w, r, "too many large answers are on their way at the moment")
			return
		}
	}
	digest := sha256.Sum256(body)
	setType(w.Header(), mediaType)
	w.Header().Set("ETag", `"`+hex.EncodeToString(digest[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// writer is a page.
type writer interface{ HTML() ([]byte, error) }

// sendPage answers with a page.
func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, p writer) {
	body, err := p.HTML()
	s.sendMade(w, r, typeHTML, body, err)
}

// sendMade answers with a body, or with 500 if making it went wrong.
func (s *Server) sendMade(w http.ResponseWriter, r *http.Request, mediaType string, body []byte, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.send(w, r, mediaType, body)
}

// write answers with a status of its own, which is never stored nor compared.
func write(w http.ResponseWriter, status int, mediaType string, body []byte) {
	setType(w.Header(), mediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // pages and XML come out of package page, which escapes; who has gone needs nothing
}

// refuse answers with an error: the same text to all, in the form that the
// client reads.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	failure := page.Failure{Site: site(r), Status: status, Text: text}
	switch wantedFailure(r) {
	case formatXML:
		write(w, status, typeXML, failure.XML())
	case formatJSON:
		write(w, status, typeJSON, failure.JSON())
	default:
		s.writePage(w, status, failure)
	}
}

// writePage answers with a page under a status of its own.
func (s *Server) writePage(w http.ResponseWriter, status int, p writer) {
	body, err := p.HTML()
	if err != nil {
		s.log.Warnf("%v", err)
		write(w, http.StatusInternalServerError, typeText, []byte(http.StatusText(http.StatusInternalServerError)))
		return
	}
	write(w, status, typeHTML, body)
}

// fail answers 500. Why is in the log only: it is about this machine.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.log.Warnf("%s %s: %v", r.Method, clip(r.RequestURI), err)
	s.refuse(w, r, http.StatusInternalServerError, "the Marketplace cannot do this at the moment")
}
