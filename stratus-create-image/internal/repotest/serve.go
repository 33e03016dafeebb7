package repotest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Requests are what a server was asked for: paths, and URLs where it was taken
// for a proxy.
type Requests struct {
	mu   sync.Mutex
	uris []string
}

// Text lists them, one a line.
func (r *Requests) Text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.uris, "\n")
}

// Count is the number of those that begin with the prefix.
func (r *Requests) Count(prefix string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := 0
	for _, uri := range r.uris {
		if strings.HasPrefix(uri, prefix) {
			count++
		}
	}
	return count
}

// Serve serves a directory, also to those who take it for a proxy of any host.
// The port is one of 127.0.0.1.
func Serve(t testing.TB, dir string) (port string, asked *Requests) {
	t.Helper()
	return serve(t, http.FileServer(http.Dir(dir)))
}

// Relay serves what another server has: whoever takes it for a proxy, the one
// that is asked for; everybody else, the one at the origin's URL. Hosts that only
// the client knows by these names are given by the addresses that they have here.
func Relay(t testing.TB, origin string, hosts map[string]string) (port string, asked *Requests) {
	t.Helper()
	target, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if !r.In.URL.IsAbs() {
				r.SetURL(target)
				return
			}
			if known, ok := hosts[r.Out.URL.Hostname()]; ok {
				r.Out.URL.Host = net.JoinHostPort(known, r.Out.URL.Port())
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	})
}

func serve(t testing.TB, handler http.Handler) (port string, asked *Requests) {
	t.Helper()
	asked = new(Requests)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.mu.Lock()
		asked.uris = append(asked.uris, r.RequestURI)
		asked.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // a package manager may keep one open
		server.Close()
	})
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, asked
}
