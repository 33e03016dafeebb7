package remote_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/remote"
)

// quick are waits for tests.
var quick = remote.Retries{Attempts: 3, MinWait: time.Millisecond, MaxWait: 2 * time.Millisecond}

func newClient(t *testing.T, o remote.Options) *remote.HTTP {
	t.Helper()
	client, err := remote.NewHTTP(o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func newServer(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func closing(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// failure is the error of a request that must have one.
func failure(t *testing.T, send func(*http.Request) (*http.Response, error), req *http.Request) error {
	t.Helper()
	resp, err := send(req)
	if err == nil {
		t.Fatalf("got %d %q, want an error", resp.StatusCode, text(t, resp))
	}
	return err
}

// text reads and closes the body.
func text(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer closing(t, resp.Body)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// The server answers one status after another and the number of the request.
func TestRepeating(t *testing.T) {
	type result struct {
		Status, Requests int
		Body             string
	}
	for name, test := range map[string]struct {
		method, body string
		statuses     []int
		want         result
	}{
		"good":            {"GET", "", []int{200}, result{200, 1, "1"}},
		"good in the end": {"GET", "", []int{503, 429, 200}, result{200, 3, "3"}},
		"time-out":        {"GET", "", []int{408, 200}, result{200, 2, "2"}},
		"HEAD":            {"HEAD", "", []int{500, 200}, result{200, 2, ""}},
		"exhausted":       {"GET", "", []int{500, 502, 504, 200}, result{504, 3, "3"}},
		"not found":       {"GET", "", []int{404, 200}, result{404, 1, "1"}},
		"not implemented": {"GET", "", []int{501, 200}, result{501, 1, "1"}},
		"POST":            {"POST", "document", []int{503, 200}, result{503, 1, "1"}},
		"PUT":             {"PUT", "", []int{503, 200}, result{503, 1, "1"}},
		"GET with a body": {"GET", "query", []int{503, 200}, result{503, 1, "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var requests int
			server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil || string(body) != test.body || r.Header.Get("User-Agent") != "stratus/1" {
					t.Errorf("got body %q, %v, agent %q", body, err, r.Header.Get("User-Agent"))
				}
				requests++
				w.WriteHeader(test.statuses[requests-1])
				fmt.Fprint(w, requests)
			})
			var logged int
			client := newClient(t, remote.Options{Retries: quick, UserAgent: "stratus/1", Log: func(format string, args ...any) {
				logged++
				line, status := fmt.Sprintf(format, args...), fmt.Sprint(test.statuses[logged-1])
				if !strings.Contains(line, server.URL) || !strings.Contains(line, status) {
					t.Errorf("log %q, want one with URL and status", line)
				}
			}})
			resp, err := client.Do(newRequest(t, test.method, server.URL, test.body))
			if err != nil {
				t.Fatal(err)
			}
			got := result{resp.StatusCode, 0, text(t, resp)}
			if got.Requests = requests; logged != requests-1 {
				t.Errorf("%d requests, %d repetitions logged", requests, logged)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOnce(t *testing.T) {
	var requests atomic.Int32
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1); r.URL.Path == "/drop" {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(503)
	})
	client := newClient(t, remote.Options{Retries: quick})
	for _, method := range []string{"GET", "POST"} {
		resp, err := client.Once(newRequest(t, method, server.URL, ""))
		if err != nil {
			t.Fatal(err)
		}
		if text(t, resp); resp.StatusCode != 503 {
			t.Errorf("got %d", resp.StatusCode)
		}
	}
	err := failure(t, client.Once, newRequest(t, "POST", server.URL+"/drop", "document"))
	if !errors.Is(err, remote.ErrUnreachable) || remote.NothingSent(err) {
		t.Errorf("got %v, want ErrUnreachable after something was sent", err)
	}
	if got := requests.Load(); got != 3 {
		t.Errorf("got %d requests, want 3", got)
	}
}

func TestConnectionErrors(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	_ = listener.Close()
	dropping := newServer(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	plain := newServer(t, func(http.ResponseWriter, *http.Request) {})
	for name, test := range map[string]struct {
		url         string
		kind        error
		nothingSent bool
		repeated    int
	}{
		"nobody there":    {nobody, remote.ErrUnreachable, true, 2},
		"dropped":         {dropping.URL, remote.ErrUnreachable, false, 2},
		"no such name":    {"http://host.invalid/", remote.ErrUnreachable, true, 0},
		"not TLS":         {"https" + strings.TrimPrefix(plain.URL, "http"), remote.ErrUnreachable, true, 0},
		"user in URL":     {"http://me:secret@host.invalid/", nil, true, 0},
		"other scheme":    {"ftp://host.invalid/", nil, true, 0},
		"no host":         {"http:///file", nil, true, 0},
		"no absolute URL": {"file", nil, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var repeated int
			client := newClient(t, remote.Options{Retries: quick, Log: func(string, ...any) { repeated++ }})
			err := failure(t, client.Do, newRequest(t, "GET", test.url, ""))
			for _, kind := range []error{remote.ErrUnreachable, remote.ErrRefused, remote.ErrCredentials} {
				if errors.Is(err, kind) != (kind == test.kind) {
					t.Errorf("got %v, want %v", err, test.kind)
				}
			}
			if got := remote.NothingSent(err); got != test.nothingSent || repeated != test.repeated {
				t.Errorf("nothing sent: got %t, want %t; repeated: got %d, want %d", got, test.nothingSent, repeated, test.repeated)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// Bodies are handed out as they were sent, and in parts if the caller asks.
func TestBodyAsSent(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, "content"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("Accept-Encoding: got %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(packed.Bytes()))
	})
	client := newClient(t, remote.Options{})
	resp, err := client.Do(newRequest(t, "GET", server.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, resp); got != packed.String() {
		t.Errorf("got %q, want it as it was sent", got)
	}
	part := newRequest(t, "GET", server.URL, "")
	part.Header.Set("Range", "bytes=4-")
	if resp, err = client.Do(part); err != nil {
		t.Fatal(err)
	}
	if got := text(t, resp); resp.StatusCode != 206 || got != packed.String()[4:] {
		t.Errorf("got %d %q", resp.StatusCode, got)
	}
}
