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
	"unicode/utf8"

	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// Answer is an answer of a Marketplace that is not the one hoped for. It wraps
// remote.ErrRefused, or remote.ErrUnreachable where another try may help.
type Answer struct {
	Status int    // of HTTP
	Reason string // what the Marketplace says, in one line; may be empty
	html   bool
}

func (a *Answer) Error() string {
	text := fmt.Sprintf("the Marketplace answers %d %s", a.Status, http.StatusText(a.Status))
	if a.html {
		text += " with a page for people, as no Marketplace would"
	}
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	return text
}

// Unwrap tells whether another try may help.
func (a *Answer) Unwrap() error {
	if a.Status >= 500 && a.Status != http.StatusNotImplemented || a.Status == http.StatusTooManyRequests || a.Status == http.StatusRequestTimeout {
		return remote.ErrUnreachable
	}
	return remote.ErrRefused
}

// maxReason bounds the answer that is read for its reason, in bytes;
// longestReason what is shown of it.
const (
	maxReason     = 64 << 10
	longestReason = 500
)

// refusal reads what an answer says.
func refusal(resp *http.Response) *Answer {
	a := &Answer{Status: resp.StatusCode}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxReason)) // what came of it, is shown
	kind := mediaType(resp)
	switch {
	case strings.HasSuffix(kind, "xml") && kind != "application/xhtml+xml":
		a.Reason = xmlReason(body)
	case kind == "application/json":
		a.Reason = jsonReason(body)
	case kind == "text/html" || kind == "application/xhtml+xml":
		a.Reason, a.html = htmlReason(body), resp.StatusCode < 400
	default:
		a.Reason = string(body)
	}
	if target := resp.Header.Get("Location"); target != "" && resp.StatusCode/100 == 3 {
		a.Reason, a.html = "it is at "+target, false
	}
	a.Reason = oneLine(a.Reason)
	return a
}

func mediaType(resp *http.Response) string {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// xmlReason is the text of the document. The original does not escape its
// messages: one that quotes "<" is no XML, and shown as it came.
func xmlReason(body []byte) string {
	doc, err := strictxml.Parse(body, strictxml.Limits{Bytes: maxReason})
	if err != nil {
		text := string(body)
		if _, after, ok := strings.Cut(text, "<error>"); ok {
			text, _, _ = strings.Cut(after, "</error>")
		}
		return text
	}
	var b strings.Builder
	var collect func(*strictxml.Node)
	collect = func(n *strictxml.Node) {
		if n.Kind == strictxml.Text || n.Kind == strictxml.CData {
			b.WriteString(n.Data)
		}
		for _, child := range n.Children {
			collect(child)
		}
	}
	collect(doc.Root)
	return b.String()
}

// jsonReason is what an object of one text holds, whatever its key.
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

func htmlReason(body []byte) string {
	text := htmlTags.ReplaceAllString(htmlHidden.ReplaceAllString(string(body), " "), " ")
	return html.UnescapeString(text)
}

// oneLine makes a short line of what another host says.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " ")
	if len(text) <= longestReason {
		return text
	}
	end := longestReason
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
