package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const maxRedirects = 10

// checkRedirect is asked before each redirect is followed.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	if first.Method != http.MethodGet && first.Method != http.MethodHead && first.Method != "" {
		if req.Method != first.Method || !sameHost(first.URL, req.URL) {
			return http.ErrUseLastResponse
		}
	}
	switch {
	case len(via) > maxRedirects:
		return refused(fmt.Errorf("more than %d redirects", maxRedirects))
	case last.URL.Scheme == "https" && req.URL.Scheme == "http":
		return refused(fmt.Errorf("redirect from https to %q", req.URL.Redacted()))
	}
	if err := checkURL(req.URL); err != nil {
		return refused(fmt.Errorf("redirect to %q: %w", req.URL.Redacted(), err))
	}
	req.Header.Del("Referer") // a signed URL is a credential, too
	// A header that was left away once would otherwise be set again on the way back. The
	// standard library counts subdomains and other ports as the same host.
	if slices.ContainsFunc(via, func(earlier *http.Request) bool { return !sameHost(earlier.URL, req.URL) }) {
		for _, credential := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			req.Header.Del(credential)
		}
	}
	return nil
}

// sameHost reports whether both URLs are of one server: host and port are equal,
// or the second is the https of the first, both on their standard ports.
func sameHost(a, b *url.URL) bool {
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		return false
	}
	return portOf(a) == portOf(b) || portOf(a) == "80" && portOf(b) == "443"
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// checkProxy explains why a proxy does not connect.
func checkProxy(_ context.Context, address *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	err := fmt.Errorf("proxy %q does not connect: %q", address.Host, answer.Status)
	if temporary(answer.StatusCode) {
		return unreachable(err)
	}
	return refused(err)
}
