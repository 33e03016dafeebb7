// Package api speaks the HTTP protocol of the StratusLab Marketplace, whose
// part for reading is also spoken by any web server that serves a registry's
// directory. It must not know who is trusted. Answers are hostile input: what
// it yields has been verified and is what was asked for.
package api

import (
	"context"
	"errors"
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
	base    string // without a slash at the end
	client  *remote.HTTP
	longest time.Duration // that reading one answer may take
}

// New makes a client of the Marketplace at a base URL, whose path may be
// anything.
func New(base *url.URL, client *remote.HTTP) (*Marketplace, error) {
	if base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("%q: http://HOST or https://HOST is expected, perhaps with a port and a path", base.Redacted())
	}
	// Who gives the address of the list means the Marketplace.
	text := strings.TrimSuffix(strings.TrimRight(base.String(), "/"), "/"+entry.Root)
	return &Marketplace{base: text, client: client, longest: 5 * time.Minute}, nil
}

// URL is the address of an entry.
func (m *Marketplace) URL(k entry.Key) string { return m.address(k.URLPath()) }

// Close does nothing: connections end with the process.
func (m *Marketplace) Close() error { return nil }

// address is the URL of a path below the Marketplace.
func (m *Marketplace) address(path string) string { return m.base + "/" + path }

// sender sends a request, and may repeat it.
type sender func(*http.Request) (*http.Response, error)

// get asks for a document. An answer that there is none is nil without an
// error.
func (m *Marketplace) get(ctx context.Context, path string, send sender) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.address(path), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/xml, application/rdf+xml;q=0.9")
	resp, err := send(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	// The client only minds a body that stands still.
	slow := time.AfterFunc(m.longest, func() { _ = resp.Body.Close() })
	defer slow.Stop()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, nil
	default:
		return nil, refusal(resp)
	}
	if !mayBeXML(mediaType(resp)) {
		return nil, refusal(resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, entry.MaxListing+1))
	if err != nil {
		return nil, fmt.Errorf("%w: reading the answer, which may take %s: %w", remote.ErrUnreachable, m.longest, err)
	}
	if len(body) > entry.MaxListing {
		return nil, fmt.Errorf("%w: an answer of more than %d bytes", remote.ErrRefused, entry.MaxListing)
	}
	return body, nil
}

// mayBeXML accepts the types of XML, and what web servers say of files whose
// type they do not know.
func mayBeXML(kind string) bool {
	switch kind {
	case "application/xml", "text/xml", "application/rdf+xml", "application/octet-stream", "":
		return true
	}
	return false
}

// listing asks for a listing, or for one document; nil if there is none.
func (m *Marketplace) listing(ctx context.Context, path string, send sender) (*entry.Listing, error) {
	body, err := m.get(ctx, path, send)
	var answer *Answer
	if plain, _, query := strings.Cut(path, "?"); errors.As(err, &answer) && answer.html {
		// A plain web server shows people the page of a directory.
		file := "/index.xml"
		if query {
			file = "/index.all.xml"
		}
		body, err = m.get(ctx, plain+file, send)
	}
	if err != nil || body == nil {
		return nil, err
	}
	l, err := entry.ParseListing(body)
	if err != nil { // not one entry, but the whole answer
		return nil, fmt.Errorf("%w: %s", remote.ErrRefused, oneLine(err.Error()))
	}
	return &l, nil
}
