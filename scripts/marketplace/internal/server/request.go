package server

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/page"
)

// segments returns the parts of the path of a request. Empty parts do not count, so
// that slashes at the end and doubled ones do not matter. A part may hold an escaped
// slash. A path with "." or ".." is not valid.
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

// site returns where the page that answers a request is: how far below the root, as
// browsers count, for which every slash is one.
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

// baseURL returns the URL of the Marketplace as the client sees it, without a slash at
// its end. A proxy gives the scheme of the client in X-Forwarded-Proto, and the path
// below which it has put this server in X-Forwarded-Prefix. Any other client can send
// these headers, too, but deceives only itself: the URL goes into answers that are not
// stored.
func baseURL(r *http.Request) (string, error) {
	if !hostForm.MatchString(r.Host) {
		return "", fmt.Errorf("reading the header Host %.300q: not a valid host", r.Host)
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

// classify makes a query of the words of a path. Each is a time, an e-mail address or
// else an identifier, in any order, and no kind comes twice.
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
