package server

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/page"
)

// segments takes the path of a request apart: empty parts count for nothing, so
// that slashes at the end and doubled ones do not matter. A part may hold an
// escaped slash.
func segments(r *http.Request) ([]string, bool) {
	var parts []string
	for part := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
		plain, err := url.PathUnescape(part)
		if err != nil || plain == "." || plain == ".." {
			return nil, false
		}
		if plain != "" {
			parts = append(parts, plain)
		}
	}
	return parts, true
}

// site says where the page is that answers the request: how far below the root,
// as the browser counts, for which every slash is one.
func site(r *http.Request) page.Site {
	depth := strings.Count(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	root := strings.Repeat("../", depth)
	if depth == 0 {
		root = "./"
	}
	return page.Site{Root: root}
}

var (
	hostForm   = regexp.MustCompile(`^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)
	prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]{1,100}){1,10}$`)
)

// baseURL is the URL of the Marketplace as the client sees it, without a slash
// at its end. A proxy says which scheme the client uses in X-Forwarded-Proto,
// and below which path it has put this server in X-Forwarded-Prefix. Anybody
// else can say so, too, but only to himself: the URL goes into headers and
// pages that are not stored.
func baseURL(r *http.Request) (string, error) {
	if !hostForm.MatchString(r.Host) {
		return "", fmt.Errorf("reading the header Host: %q is none", clip(r.Host))
	}
	scheme := "http"
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	prefix := strings.TrimRight(r.Header.Get("X-Forwarded-Prefix"), "/")
	if !prefixForm.MatchString(prefix) {
		prefix = ""
	}
	return scheme + "://" + r.Host + prefix, nil
}

// classify puts words of a path into a query: each is an e-mail address, a time
// or else an identifier, in any order but none twice.
func classify(words []string) (q entry.Query, ok bool) {
	for _, word := range words {
		field := &q.Identifier
		switch {
		case entry.IsTime(word):
			field = &q.Created
		case entry.IsEmail(word):
			field = &q.Email
		}
		if *field != "" {
			return q, false
		}
		*field = word
	}
	return q, true
}

// clip shortens what a client sent for a message.
func clip(s string) string { return s[:min(len(s), 300)] }
