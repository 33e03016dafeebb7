package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/remote"
)

const idle = 300 * time.Millisecond

// hang is a handler that stops after it has done something.
func hang(first func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		first(w)
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		<-r.Context().Done()
	}
}

func TestStandstill(t *testing.T) {
	for name, test := range map[string]struct {
		handler  http.HandlerFunc
		body     io.Reader
		requests int32
	}{
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, nil, 2},
		"body": {hang(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "begin")
		}), nil, 1},
		"endless body": {hang(func(w http.ResponseWriter) { fmt.Fprint(w, "begin") }), nil, 1},
		"upload":       {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, zeros{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				context.AfterFunc(t.Context(), cancel) // an upload that is not read hides the end of its connection
				test.handler(w, r.WithContext(ctx))
			})
			client := newClient(t, remote.Options{Idle: idle, Retries: remote.Retries{Attempts: 2, MinWait: 1}})
			method := "GET"
			if test.body != nil {
				method = "POST"
			}
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL, test.body)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			resp, err := client.Do(req)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
			if !errors.Is(err, remote.ErrUnreachable) || !strings.Contains(err.Error(), "no data for 300ms") {
				t.Errorf("got %v, want ErrUnreachable because nothing was heard", err)
			}
			if took := time.Since(start); took < idle || took > 10*time.Second || requests.Load() != test.requests {
				t.Errorf("it took %s and %d requests, want %d", took, requests.Load(), test.requests)
			}
		})
	}
}

// zeros is an endless upload.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// What moves takes as long as it needs, and so does who reads it.
func TestSlowIsNotIdle(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		ticker := time.NewTicker(idle / 5)
		defer ticker.Stop()
		for range 10 {
			<-ticker.C
			fmt.Fprint(w, "x")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	})
	client := newClient(t, remote.Options{Idle: idle})
	resp, err := client.Do(newRequest(t, "GET", server.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(2 * idle) // the reader is busy
	if got := text(t, resp); got != "xxxxxxxxxx" {
		t.Errorf("got %q", got)
	}
}

func TestBrokenBody(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "begin")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	})
	client := newClient(t, remote.Options{})
	resp, err := client.Do(newRequest(t, "GET", server.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, resp.Body)
	got, err := io.ReadAll(resp.Body)
	if string(got) != "begin" || !errors.Is(err, remote.ErrUnreachable) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v; want what came and ErrUnreachable", got, err)
	}
}

func TestContextEndsBody(t *testing.T) {
	server := newServer(t, hang(func(w http.ResponseWriter) { fmt.Fprint(w, "begin") }))
	client := newClient(t, remote.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := client.Do(newRequest(t, "GET", server.URL, "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, resp.Body)
	if _, err := io.ReadFull(resp.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = resp.Body.Read(make([]byte, 1))
	if !errors.Is(err, context.Canceled) || errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("got %v, want the error of the context alone", err)
	}
}
