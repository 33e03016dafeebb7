package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/remote"
)

// attempts is how often an upload is tried.
const attempts = 4

// Publish uploads the entry. An upload that may have arrived is only repeated after
// a look at whether the entry is there.
func (m *Marketplace) Publish(ctx context.Context, e *entry.Entry) (entry.Receipt, error) {
	for n := 1; ; n++ {
		receipt, err := m.upload(ctx, e)
		switch {
		case err == nil:
			return receipt, nil
		case n == attempts || !errors.Is(err, remote.ErrUnreachable):
			return receipt, fmt.Errorf("uploading to %q: %w", m.URL(e.Key), err)
		}
		answer := new(Answer)
		errors.As(err, &answer)
		if err := m.client.Pause(ctx, n, answer.retryAfter, err.Error()); err != nil {
			return entry.Receipt{}, err
		}
		if mayHaveArrived(err) {
			if k, found := m.has(ctx, e); found {
				return entry.Receipt{URL: m.URL(k)}, nil
			}
		}
	}
}

// mayHaveArrived reports whether the outcome of an upload is unknown. A server that
// has no time for an upload has not taken it.
func mayHaveArrived(err error) bool {
	var answer *Answer
	if errors.As(err, &answer) {
		switch answer.Status {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return false
		}
	}
	return !remote.NothingSent(err)
}

// has returns the key under which the entry is known to be there, and whether it is:
// its own, or that of a variant if an entry by another certificate is there.
func (m *Marketplace) has(ctx context.Context, e *entry.Entry) (entry.Key, bool) {
	for _, k := range keysOf(e) {
		l, _, err := m.listing(ctx, k.URLPath(), entry.MaxListing, m.client.Once)
		if err != nil || len(l.Documents) == 0 {
			return entry.Key{}, false
		}
		there, err := entry.VerifyAs(k, l.Documents[0])
		if err == nil && (e.Endorsed == nil || there.Series() == e.Series()) {
			return k, true
		}
	}
	return entry.Key{}, false
}

// keysOf returns the keys under which a Marketplace may have the entry.
func keysOf(e *entry.Entry) []entry.Key {
	if e.Endorsed == nil { // the certificate is not known
		return []entry.Key{e.Key}
	}
	return []entry.Key{e.Key, e.AsVariant().Key}
}

func (m *Marketplace) upload(ctx context.Context, e *entry.Entry) (entry.Receipt, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.address(entry.Root), bytes.NewReader(e.Source))
	if err != nil {
		return entry.Receipt{}, err
	}
	req.Header.Set("Content-Type", "application/xml")
	req.Header.Set("Accept", "application/xml, text/plain;q=0.9")
	resp, err := m.client.Once(req)
	if err != nil {
		return entry.Receipt{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	location, named := m.entryLocation(resp, e)
	switch {
	case resp.StatusCode == http.StatusAccepted:
		return entry.Receipt{Pending: true}, nil
	case resp.StatusCode == http.StatusCreated, resp.StatusCode == http.StatusOK && named:
		return entry.Receipt{URL: location, Existed: resp.StatusCode == http.StatusOK}, nil
	}
	return entry.Receipt{}, refusal(resp)
}

// entryLocation returns the address of the new entry: the one in either of two
// headers of the answer if it is an address of the entry at this Marketplace, else
// the one that the client makes itself. named is set where a header names the
// entry, wherever it is.
func (m *Marketplace) entryLocation(resp *http.Response, e *entry.Entry) (address string, named bool) {
	address = m.URL(e.Key)
	for _, header := range []string{"Location", "Content-Location"} {
		u, err := url.Parse(resp.Header.Get(header))
		if err != nil || resp.Header.Get(header) == "" {
			continue
		}
		u = resp.Request.URL.ResolveReference(u)
		at, err := entry.ParsePath(strings.TrimPrefix(u.Path, "/"))
		if err != nil || !slices.Contains(keysOf(e), at) {
			continue
		}
		named, address = true, m.URL(at)
		if u.Scheme == resp.Request.URL.Scheme && u.Host == resp.Request.URL.Host && u.User == nil {
			return u.String(), true
		}
	}
	return address, named
}
