package remote

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"sync/atomic"
	"time"
)

const (
	tlsLimit        = 20 * time.Second
	keepConnections = 20 * time.Second // that are not in use
	maxHeader       = 1 << 20          // bytes
)

// HTTP is a client for http and https. It may be used by several goroutines.
type HTTP struct {
	client  *http.Client
	options Options
}

// NewHTTP makes a client. It verifies TLS (1.2 or later), takes proxies from the
// environment, hands bodies out as they were sent, and waits no longer than
// Options.Idle for anything; there is no limit for the whole of a transfer. An
// error names the file of Options.CAFiles that has no certificate.
func NewHTTP(o Options) (*HTTP, error) {
	o = o.withDefaults()
	roots, err := RootsWith(o.CAFiles)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: checkProxy,
		DialContext:            (&net.Dialer{Timeout: connectLimit}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    tlsLimit,
		IdleConnTimeout:        keepConnections,
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // digests and ranges are of the bytes as they were sent
	}
	return &HTTP{
		client:  &http.Client{Transport: patient{transport, o.Idle}, CheckRedirect: checkRedirect},
		options: o,
	}, nil
}

// Do sends a request. One without body whose method is GET or HEAD is repeated,
// with growing waits or those that Retry-After asks for, on an answer of 408,
// 429 or 5xx and when the connection failed; any other is sent once. Its context
// ends all of this, the reading of the body included.
//
// A response is returned whatever its status is, also when tries are exhausted;
// the caller closes its body. Errors wrap ErrUnreachable, ErrCredentials or
// ErrRefused (a redirect that is not followed, a proxy that says no), errors of
// reading the body ErrUnreachable; that of the context is as it is.
//
// At most 10 redirects are followed: none from https to http, none with user or
// password; to another host without Authorization and Cookie. Those of other
// methods than GET and HEAD are followed only where they ask for the same method
// on the same host (307, 308); else the redirect is the response.
//
// A URL with a user or password is refused.
func (h *HTTP) Do(req *http.Request) (*http.Response, error) {
	reads := req.Method == http.MethodGet || req.Method == http.MethodHead || req.Method == ""
	if reads && (req.Body == nil || req.Body == http.NoBody) {
		return h.send(req, h.repeat)
	}
	return h.Once(req)
}

// Once is Do without repeating anything, for what changes the other side.
// NothingSent reports after an error whether that can have happened.
func (h *HTTP) Once(req *http.Request) (*http.Response, error) {
	return h.send(req, h.client.Do)
}

// send prepares the request and finishes its errors.
func (h *HTTP) send(req *http.Request, do func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	if err := checkURL(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as after any other request
		}
		return nil, unsent{requestError(req, err)}
	}
	var connected atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req = req.Clone(ctx)
	if h.options.UserAgent != "" && req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", h.options.UserAgent)
	}
	resp, err := do(req)
	if err == nil {
		return resp, nil
	}
	if resp != nil {
		_ = resp.Body.Close()
	}
	err = classify(ctx, requestError(req, err))
	if !connected.Load() {
		err = unsent{err}
	}
	return nil, err
}

// checkURL refuses what is not sent anywhere.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("scheme %q of the URL is not supported; want https or http", u.Scheme)
	case u.Host == "":
		return errors.New("the URL names no host")
	case u.User != nil:
		return errors.New("a URL with a user or password is not used")
	}
	return nil
}

// RootsWith returns the TLS roots of the system and those in the PEM files.
func RootsWith(paths []string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the system's TLS roots: %w", err)
	}
	for _, file := range paths {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading TLS roots: %w", err)
		}
		if !roots.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("reading TLS roots: %q has no certificate in PEM form", file)
		}
	}
	return roots, nil
}
