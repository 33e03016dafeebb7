package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/remote"
)

// attempts is how often an upload is tried.
const attempts = 4

// Publish uploads the entry. An upload of which it is not known whether it
// arrived is only repeated after a look at whether the entry is there.
func (m *Marketplace) Publish(ctx context.Context, e *entry.Entry) (entry.Receipt, error) {
	for n := 1; ; n++ {
		receipt, err := m.upload(ctx, e)
		if err == nil || n == attempts || !errors.Is(err, remote.ErrUnreachable) {
			return receipt, wrapUpload(m.URL(e.Key), err)
		}
		if err := m.client.Pause(ctx, n, retryAfter(err), err.Error()); err != nil {
			return entry.Receipt{}, err
		}
		if !mayHaveArrived(err) {
			continue
		}
		if there, findErr := m.has(ctx, e); findErr == nil && there {
			return entry.Receipt{URL: m.URL(e.Key)}, nil
		}
	}
}

// mayHaveArrived tells whether nobody knows what became of an upload. Who says
// that there is no time for it has not taken it.
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

func wrapUpload(address string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("uploading to %q: %w", address, err)
}

// uploadError is an error with what the header Retry-After says.
type uploadError struct {
	*Answer
	after string
}

func (e *uploadError) Unwrap() error { return e.Answer }

func retryAfter(err error) string {
	var refused *uploadError
	if errors.As(err, &refused) {
		return refused.after
	}
	return ""
}

// has looks whether the entry is there.
func (m *Marketplace) has(ctx context.Context, e *entry.Entry) (bool, error) {
	l, err := m.listing(ctx, e.URLPath(), m.client.Once)
	if err != nil || l == nil || len(l.Documents) == 0 {
		return false, err
	}
	_, err = entry.VerifyAs(e.Key, l.Documents[0])
	return err == nil, err
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
	location, told := m.entryLocation(resp, e.Key)
	switch {
	case resp.StatusCode == http.StatusAccepted:
		return entry.Receipt{Pending: true}, nil
	case resp.StatusCode == http.StatusCreated, resp.StatusCode == http.StatusOK && told:
		return entry.Receipt{URL: location, Existed: resp.StatusCode == http.StatusOK}, nil
	}
	return entry.Receipt{}, &uploadError{refusal(resp), resp.Header.Get("Retry-After")}
}

// entryLocation is the address of the new entry: that which the answer tells,
// in one of two headers, where it can be that of the entry at this Marketplace.
func (m *Marketplace) entryLocation(resp *http.Response, k entry.Key) (address string, told bool) {
	for _, header := range []string{"Location", "Content-Location"} {
		u, err := url.Parse(resp.Header.Get(header))
		if err != nil || resp.Header.Get(header) == "" {
			continue
		}
		u = resp.Request.URL.ResolveReference(u)
		named, err := entry.ParsePath(strings.TrimPrefix(u.Path, "/"))
		if err != nil || named != k {
			continue
		}
		told = true
		if u.Scheme == resp.Request.URL.Scheme && u.Host == resp.Request.URL.Host && u.User == nil {
			return u.String(), true
		}
	}
	return m.URL(k), told
}
