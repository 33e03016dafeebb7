package remote_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/remote"
)

// redirector answers /STATUS?URL with that status and Location, and anything
// else with what it has got.
func redirector(w http.ResponseWriter, r *http.Request) {
	var status int
	if _, err := fmt.Sscanf(r.URL.Path, "/%d", &status); err == nil {
		w.Header().Set("Location", r.URL.RawQuery)
		w.WriteHeader(status)
		return
	}
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %q %q %q", r.Method, body, r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("Referer"))
}

func TestRedirects(t *testing.T) {
	here, there := newServer(t, redirector), newServer(t, redirector)
	client := newClient(t, remote.Options{Retries: quick})
	const kept, dropped = `"secret" "a=b" ""`, `"" "" ""`
	for name, test := range map[string]struct {
		method, url string
		want        string // status and body
	}{
		"same host":           {"GET", here.URL + "/301?/x", "200 GET  " + kept},
		"other host":          {"GET", here.URL + "/302?" + there.URL + "/x", "200 GET  " + dropped},
		"back":                {"GET", here.URL + "/307?" + there.URL + "/307?" + here.URL + "/x", "200 GET  " + dropped},
		"POST 301":            {"POST", here.URL + "/301?/x", "301 "},
		"POST 302":            {"POST", here.URL + "/302?/x", "302 "},
		"POST 303":            {"POST", here.URL + "/303?/x", "303 "},
		"POST 307":            {"POST", here.URL + "/307?/x", "200 POST document " + kept},
		"POST 308":            {"POST", here.URL + "/308?/x", "200 POST document " + kept},
		"POST 307 other host": {"POST", here.URL + "/307?" + there.URL + "/x", "307 "},
		"PUT 302":             {"PUT", here.URL + "/302?/x", "302 "},
	} {
		t.Run(name, func(t *testing.T) {
			body := ""
			if test.method != "GET" {
				body = "document"
			}
			req := newRequest(t, test.method, test.url, body)
			req.Header.Set("Authorization", "secret")
			req.Header.Set("Cookie", "a=b")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%d %s", resp.StatusCode, text(t, resp))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRedirectsRefused(t *testing.T) {
	requests := 0
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if requests++; r.URL.Path == "/loop" {
			http.Redirect(w, r, "/loop", http.StatusFound)
			return
		}
		redirector(w, r)
	})
	secure := httptest.NewTLSServer(http.HandlerFunc(redirector))
	t.Cleanup(secure.Close)
	client := newClient(t, remote.Options{Retries: quick, CAFiles: []string{rootFile(t, secure.Certificate().Raw)}})
	for name, test := range map[string]struct {
		url, want string
		requests  int
	}{
		"loop":          {server.URL + "/loop", "more than 10 redirects", 11},
		"to plain http": {secure.URL + "/302?" + server.URL, "from https", 0},
		"other scheme":  {server.URL + "/302?file:///etc/passwd", "scheme", 1},
		"user":          {server.URL + "/302?http://me:secret@host.invalid/", "user or password", 1},
	} {
		t.Run(name, func(t *testing.T) {
			requests = 0
			err := failure(t, client.Do, newRequest(t, "GET", test.url, ""))
			if !errors.Is(err, remote.ErrRefused) || !strings.Contains(err.Error(), test.want) || remote.NothingSent(err) {
				t.Errorf("got %v, want ErrRefused that says %q", err, test.want)
			}
			if requests != test.requests {
				t.Errorf("got %d requests, want %d", requests, test.requests)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestCAFileWithout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(path, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + ".missing", "/dev/null"} {
		if _, err := remote.NewHTTP(remote.Options{CAFiles: []string{file}}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("got %v, want one that names %q", err, file)
		}
	}
}
