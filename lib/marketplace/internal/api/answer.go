package api

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/stratuslab/stratus/lib/remote"
)

// Answer is the error for an answer that does not do what was asked for. It wraps
// remote.ErrUnreachable where another try may help, remote.ErrRefused otherwise,
// and has the kind of what it wraps.
type Answer struct {
	Status     int    // of HTTP
	Reason     string // what the Marketplace says, in one line; may be empty
	html       bool   // it is a page for people
	xml        bool   // it is a document, as a Marketplace writes it
	retryAfter string // the header of this name
}

func (a *Answer) Error() string {
	text := fmt.Sprintf("the Marketplace answers %d %s", a.Status, http.StatusText(a.Status))
	if a.html && a.Status < 400 {
		text += " with a page for people, as no Marketplace would"
	}
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	return text
}

// Unwrap returns the sentinel error of the answer's kind.
func (a *Answer) Unwrap() error {
	switch {
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusRequestTimeout,
		a.Status >= 500 && a.Status != http.StatusNotImplemented:
		return remote.ErrUnreachable
	}
	return remote.ErrRefused
}

// maxReason bounds the answer that is read for its reason, and longestReason the
// part of it that is shown, in bytes.
const (
	maxReason     = 64 << 10
	longestReason = 500
)

// refusal reads the reason out of an answer.
func refusal(resp *http.Response) *Answer {
	a := &Answer{Status: resp.StatusCode, retryAfter: resp.Header.Get("Retry-After")}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxReason)) // what was read is shown
	a.Reason = string(body)
	switch kind := mediaType(resp); {
	case isHTML(kind):
		a.Reason, a.html = plainText(a.Reason), true
	case strings.HasSuffix(kind, "xml"):
		a.Reason, a.xml = xmlReason(a.Reason), true
	case kind == "application/json":
		a.Reason = jsonReason(body)
	}
	if target := resp.Header.Get("Location"); target != "" && resp.StatusCode/100 == 3 {
		a.Reason, a.html = "it is at "+target, false
	}
	a.Reason = oneLine(a.Reason)
	return a
}

// isMissing reports whether the answer is that there is nothing there.
func (a *Answer) isMissing() bool {
	return a.Status == http.StatusNotFound || a.Status == http.StatusGone
}

func isHTML(kind string) bool { return kind == "text/html" || kind == "application/xhtml+xml" }

// mediaType returns the type of an answer without its parameters, empty where
// there is no valid one.
func mediaType(resp *http.Response) string {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// xmlReason returns the text of the element error. The original does not escape
// its messages, so that the document may be malformed; it is not parsed.
func xmlReason(body string) string {
	_, after, found := strings.Cut(body, "<error>")
	if !found {
		return plainText(body)
	}
	text, _, _ := strings.Cut(after, "</error>")
	return html.UnescapeString(text)
}

// jsonReason returns the value of an object that has one, whatever its name.
func jsonReason(body []byte) string {
	var object map[string]string
	if err := json.Unmarshal(body, &object); err != nil || len(object) != 1 {
		return string(body)
	}
	for _, text := range object {
		return text
	}
	return ""
}

var (
	htmlHidden = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)\s*>|<!--.*?-->`)
	htmlTags   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// plainText returns a page without its markup.
func plainText(page string) string {
	return html.UnescapeString(htmlTags.ReplaceAllString(htmlHidden.ReplaceAllString(page, " "), " "))
}

// oneLine makes a short line of foreign text.
func oneLine(text string) string {
	return fmt.Sprintf("%.*s", longestReason, strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " "))
}
