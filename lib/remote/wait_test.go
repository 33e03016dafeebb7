package remote_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/remote"
)

// Retry-After counts, not the far longer wait that is set.
func TestRetryAfter(t *testing.T) {
	for name, value := range map[string]func() string{
		"seconds": func() string { return "1" },
		"date":    func() string { return time.Now().Add(time.Second).UTC().Format(http.TimeFormat) },
		"past":    func() string { return "Sun, 06 Nov 1994 08:49:37 GMT" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests int
			server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				if requests++; requests == 1 {
					w.Header().Set("Retry-After", value())
					w.WriteHeader(503)
				}
			})
			client := newClient(t, remote.Options{Retries: remote.Retries{MinWait: time.Hour, MaxWait: time.Hour}})
			resp, err := client.Do(newRequest(t, "GET", server.URL, ""))
			if err != nil {
				t.Fatal(err)
			}
			if text(t, resp); resp.StatusCode != 200 {
				t.Errorf("got %d", resp.StatusCode)
			}
		})
	}
}

func TestContextEndsWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	})
	client := newClient(t, remote.Options{
		Retries: remote.Retries{MaxWait: time.Hour},
		Log:     func(string, ...any) { cancel() }, // called as the wait begins
	})
	err := failure(t, client.Do, newRequest(t, "GET", server.URL, "").WithContext(ctx))
	if !errors.Is(err, context.Canceled) || errors.Is(err, remote.ErrUnreachable) || !strings.Contains(err.Error(), server.URL) {
		t.Errorf("got %v, want the error of the context with the URL", err)
	}
}
