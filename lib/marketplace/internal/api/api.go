// Package api speaks the HTTP protocol of the StratusLab Marketplace. Any web server
// that serves the directory of a registry speaks the part for reading. Answers are
// hostile input: what a search yields has been verified and is what was asked for.
//
// It must not know who is trusted, nor how a registry is written.
package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/remote"
)

// Marketplace is a client of one Marketplace.
type Marketplace struct {
	base   string // without a slash at the end
	client *remote.HTTP
	limits limits
}

// limits bound what answers may take.
type limits struct {
	answer time.Duration // for one answer
	search time.Duration // for all answers to one search
	bytes  int64         // of all answers to one search
}

// Check returns an error if a URL cannot be that of a Marketplace.
func Check(base *url.URL) error {
	if base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return fmt.Errorf("%q; want http://HOST or https://HOST, with a port and a path where needed", base.Redacted())
	}
	return nil
}

// New returns a client of the Marketplace at a base URL, whose path may be
// anything. The URL of its list of entries stands for the Marketplace, too.
func New(base *url.URL, client *remote.HTTP) (*Marketplace, error) {
	if err := Check(base); err != nil {
		return nil, err
	}
	text := strings.TrimSuffix(strings.TrimRight(base.String(), "/"), "/"+entry.Root)
	return &Marketplace{text, client, limits{answer: 5 * time.Minute, search: 15 * time.Minute, bytes: 256 << 20}}, nil
}

// URL returns the address of an entry.
func (m *Marketplace) URL(k entry.Key) string { return m.address(k.URLPath()) }

// Close does nothing: connections end with the process.
func (m *Marketplace) Close() error { return nil }

// address returns the URL of a path below the Marketplace.
func (m *Marketplace) address(path string) string { return m.base + "/" + path }

// sender sends a request, and may repeat it.
type sender func(*http.Request) (*http.Response, error)

// get reads a body of at most limit bytes, whose type may be anything but HTML if the
// header Accept is "*/*". An answer without it is an *Answer.
func (m *Marketplace) get(ctx context.Context, path, accept string, limit int64, send sender) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.address(path), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	resp, err := send(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	// The HTTP client limits the time in which nothing comes, not the whole time.
	slow := time.AfterFunc(m.limits.answer, func() { _ = resp.Body.Close() })
	defer slow.Stop()
	kind := mediaType(resp)
	if resp.StatusCode != http.StatusOK || isHTML(kind) || accept != "*/*" && !mayBeXML(kind) {
		return nil, refusal(resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("%w: reading the answer, which may take %s: %w", remote.ErrUnreachable, m.limits.answer, err)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("%w: the answers have more than %d bytes", remote.ErrRefused, limit)
	}
	return body, nil
}

// mayBeXML accepts the types of XML, and the types that web servers give to files
// that they do not know.
func mayBeXML(kind string) bool {
	switch kind {
	case "application/xml", "text/xml", "application/rdf+xml", "application/octet-stream", "":
		return true
	}
	return false
}

// listing reads a listing, or one document, of at most limit bytes, and returns its
// size, too.
func (m *Marketplace) listing(ctx context.Context, path string, limit int64, send sender) (*entry.Listing, int64, error) {
	body, err := m.get(ctx, path, "application/xml, application/rdf+xml;q=0.9", min(limit, entry.MaxListing), send)
	if err != nil {
		return nil, 0, err
	}
	l, err := entry.ParseListing(body)
	if err != nil { // about the whole answer, not about one entry
		return nil, 0, fmt.Errorf("%w: %s", remote.ErrRefused, oneLine(err.Error()))
	}
	return &l, int64(len(body)), nil
}
