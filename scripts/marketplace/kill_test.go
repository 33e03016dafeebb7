package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
)

// post uploads a document, and gives the status, 0 if no answer came.
func post(ctx context.Context, base string, body []byte) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/metadata", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/xml")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// visible gives the entries in the listing of everything, which must verify.
func visible(t *testing.T, base string) map[entry.Key]bool {
	t.Helper()
	found := make(map[entry.Key]bool)
	for path := "metadata?status=all"; path != ""; {
		a := get(t, base+"/"+path, "application/xml")
		if a.Status == http.StatusNotFound {
			break
		}
		l, err := entry.ParseListing([]byte(a.body))
		if err != nil {
			t.Fatalf("%d %.200q: %v", a.Status, a.body, err)
		}
		for _, document := range l.Documents {
			e, err := entry.Verify(document)
			if err != nil {
				t.Fatal(err)
			}
			found[e.Key] = true
		}
		path = l.Next
	}
	return found
}

// TestKilledWithHalfABody: what was not sent whole is not there.
func TestKilledWithHalfABody(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)
	e := entrytest.NewEndorser(t, "ada@example.org").Entry(t, entrytest.Description{Content: "one"})
	c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The server answers 100 when it begins to read the body.
	fmt.Fprintf(c, "POST /metadata HTTP/1.1\r\nHost: here\r\nContent-Type: application/xml\r\n"+
		"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(e.Source))
	head := make([]byte, 25)
	if _, err := io.ReadFull(c, head); err != nil || !strings.Contains(string(head), "100 Continue") {
		t.Fatalf("got %q: %v", head, err)
	}
	if _, err := c.Write(e.Source[:len(e.Source)/2]); err != nil {
		t.Fatal(err)
	}
	p.kill(t)
	again := start(t, dir)
	if found := visible(t, again.url); len(found) > 0 {
		t.Errorf("visible are %v", found)
	}
	if status := post(t.Context(), again.url, e.Source); status != http.StatusCreated {
		t.Errorf("uploading again: %d, want 201", status)
	}
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
}

// TestKilledWhilePublishing kills servers at any moment of many uploads. What
// was answered with 201 is there, nothing is broken, the next server takes
// uploads at once, and nothing temporary stays.
func TestKilledWhilePublishing(t *testing.T) {
	dir := t.TempDir()
	var endorsers []*entrytest.Endorser
	for n := range 4 {
		endorsers = append(endorsers, entrytest.NewEndorser(t, fmt.Sprintf("user%d@example.org", n)))
	}
	var all []*entry.Entry
	for n := range 80 {
		all = append(all, endorsers[n%4].Entry(t, entrytest.Description{Content: fmt.Sprint(n), Created: ago(time.Hour)}))
	}
	published := make(map[entry.Key]bool)
	var mu sync.Mutex
	for round := range 5 {
		p := start(t, dir)
		enough := make(chan struct{}, len(all))
		var uploads sync.WaitGroup
		for _, e := range all[round*16 : round*16+16] {
			uploads.Go(func() {
				if status := post(context.Background(), p.url, e.Source); status == http.StatusCreated {
					mu.Lock()
					published[e.Key] = true
					mu.Unlock()
					enough <- struct{}{}
				}
			})
		}
		for range 1 + round { // then others are in the middle of it
			<-enough
		}
		p.kill(t)
		uploads.Wait()
	}
	began := time.Now()
	last := start(t, dir)
	for _, e := range all {
		if status := post(t.Context(), last.url, e.Source); status != http.StatusCreated && status != http.StatusOK ||
			status == http.StatusCreated && published[e.Key] {
			t.Errorf("uploading %s again: %d, published before: %t", e.Path(), status, published[e.Key])
		}
	}
	t.Logf("%d of %d were published before; the rest took %s", len(published), len(all), time.Since(began))
	want := make(map[entry.Key]bool)
	for _, e := range all {
		want[e.Key] = true
	}
	if diff := cmp.Diff(want, visible(t, last.url)); diff != "" {
		t.Errorf("visible (-want +got):\n%s", diff)
	}
	for _, name := range []string{"tmp", "journal"} {
		if left, err := os.ReadDir(filepath.Join(dir, ".stratus", name)); err != nil || len(left) > 0 {
			t.Errorf("left in .stratus/%s: %v %v", name, left, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".stratus", "lock")); !os.IsNotExist(err) {
		t.Errorf("the lock is still there: %v", err)
	}
}

// TestStopFinishesUploads: an upload under way when the server is told to stop
// is finished.
func TestStopFinishesUploads(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)
	e := entrytest.NewEndorser(t, "ada@example.org").Entry(t, entrytest.Description{Content: "one"})
	body, sender := io.Pipe()
	status := make(chan int, 1)
	go func() {
		req, err := http.NewRequest(http.MethodPost, p.url+"/metadata", body)
		if err == nil {
			req.Header.Set("Content-Type", "application/xml")
			req.Header.Set("Expect", "100-continue")
			var resp *http.Response
			client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
			if resp, err = client.Do(req); err == nil {
				_ = resp.Body.Close()
				status <- resp.StatusCode
				return
			}
		}
		_ = body.CloseWithError(err)
		status <- 0
	}()
	// The first write returns when the server reads the body.
	if _, err := sender.Write(e.Source[:100]); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			break // it takes no more connections
		}
		_ = c.Close()
	}
	if _, err := sender.Write(e.Source[100:]); err != nil {
		t.Fatal(err)
	}
	_ = sender.Close()
	if got := <-status; got != http.StatusCreated {
		t.Errorf("got %d, want 201", got)
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
}
