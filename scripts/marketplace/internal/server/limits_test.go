package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
)

// halfUpload begins an upload, and returns when the server reads the body.
func halfUpload(t *testing.T, m *market, source []byte) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", m.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "POST /metadata HTTP/1.1\r\nHost: here\r\nAccept: application/xml\r\nContent-Type: application/xml\r\n"+
		"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(source))
	if head, err := bufio.NewReaderSize(io.LimitReader(c, 25), 25).ReadString('\n'); err != nil || !strings.Contains(head, "100") {
		t.Fatalf("got %q: %v", head, err)
	}
	if _, err := c.Write(source[:len(source)/2]); err != nil {
		t.Fatal(err)
	}
	return c
}

func finish(t *testing.T, c net.Conn, rest []byte) (status int, closing bool) {
	t.Helper()
	if _, err := c.Write(rest); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, resp.Close
}

// TestUploadsAtOnce: uploads wait for their turn, but not for ever, and reading
// goes on meanwhile.
func TestUploadsAtOnce(t *testing.T) {
	limits := DefaultLimits()
	limits.Uploads, limits.Bodies, limits.Wait = 1, 2, 50*time.Millisecond
	m := newMarket(t, t.TempDir(), limits)
	by := ada(t)
	first, second := by.Sign(t, entrytest.Description{Content: "one"}), by.Sign(t, entrytest.Description{Content: "two"})
	busy := func(while string) {
		t.Helper()
		got := m.do(t, http.MethodPost, "/metadata", string(second), "Content-Type: application/xml", "Accept: application/xml")
		if got.status != 503 || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "<error>too many uploads") {
			t.Errorf("%s: %d %q, %v; want 503", while, got.status, got.body, got.header)
		}
		if reading := m.get(t, "/metadata", typeJSON); reading.status != 200 {
			t.Errorf("%s, reading: %d, want 200", while, reading.status)
		}
	}
	if !m.uploads.enter(t.Context()) {
		t.Fatal("no place")
	}
	busy("while another is published")
	m.uploads.leave()
	c, idle := halfUpload(t, m, first), halfUpload(t, m, first)
	busy("while others arrive")
	if status, _ := finish(t, c, first[len(first)/2:]); status != 201 {
		t.Errorf("the first: %d, want 201", status)
	}
	if after := m.do(t, http.MethodPost, "/metadata", string(second), "Content-Type: application/xml"); after.status != 201 {
		t.Errorf("afterwards: %d %q, want 201", after.status, after.body)
	}
	if status, _ := finish(t, idle, first[len(first)/2:]); status != 200 {
		t.Errorf("the first again: %d, want 200", status)
	}
}

// TestSlowSenders: clients that send slowly keep no other out.
func TestSlowSenders(t *testing.T) {
	limits := DefaultLimits()
	m := newMarket(t, t.TempDir(), limits)
	source := ada(t).Sign(t, entrytest.Description{Content: "one"})
	for range 2 * limits.Uploads {
		halfUpload(t, m, source)
	}
	began := time.Now()
	got := m.do(t, http.MethodPost, "/metadata", string(source), "Content-Type: application/xml")
	if took := time.Since(began); got.status != 201 || took > limits.Wait {
		t.Errorf("got %d %q after %s, want 201 at once", got.status, got.body, took)
	}
}

// TestSlowBody: a body that does not arrive is given up.
func TestSlowBody(t *testing.T) {
	limits := DefaultLimits()
	limits.Body = 100 * time.Millisecond
	m := newMarket(t, t.TempDir(), limits)
	c := halfUpload(t, m, ada(t).Sign(t, entrytest.Description{Content: "one"}))
	if status, closing := finish(t, c, nil); status != http.StatusRequestTimeout || !closing {
		t.Errorf("got %d, closing: %t; want 408 and the end of the connection", status, closing)
	}
	if got := m.get(t, "/metadata", "application/xml"); got.status != 404 {
		t.Errorf("listed: %d %q", got.status, got.body)
	}
}

// TestSearchTime: a search that takes too long ends.
func TestSearchTime(t *testing.T) {
	limits := DefaultLimits()
	limits.Search = 0
	m := newMarket(t, t.TempDir(), limits)
	m.publish(t, ada(t).Entry(t, entrytest.Description{Content: "one"}))
	if got := m.get(t, "/metadata?sSearch=x", "application/json"); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d %q, want 503", got.status, got.body)
	}
}

// TestConnections: more connections than places wait until one ends.
func TestConnections(t *testing.T) {
	limits := DefaultLimits()
	limits.Connections = 2
	m := newMarket(t, t.TempDir(), limits)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- m.Serve(ctx, l) }()
	ask := func(c net.Conn) {
		t.Helper()
		if _, err := fmt.Fprint(c, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	answered := func(c net.Conn) {
		t.Helper()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", resp.Status, err)
		}
	}
	var open []net.Conn
	for i := range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
		if ask(c); i < limits.Connections {
			answered(c)
		}
	}
	third := open[2]
	_ = third.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // for something that must not happen
	if n, err := third.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a third connection is answered: %d bytes, %v", n, err)
	}
	_ = third.SetReadDeadline(time.Time{})
	_ = open[0].Close()
	answered(third)
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestServeStops: the listener is closed, and Serve returns.
func TestServeStops(t *testing.T) {
	m := newMarket(t, t.TempDir(), DefaultLimits())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- m.Serve(ctx, l) }()
	resp, err := http.Get("http://" + l.Addr().String() + "/health")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v: %v", resp, err)
	}
	_ = resp.Body.Close()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}
