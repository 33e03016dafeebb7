package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
)

var peakForm = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that a process ever had, in MiB.
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		peers.Missing(t, "reading the memory of a process: "+err.Error())
	}
	found := peakForm.FindSubmatch(status)
	if found == nil {
		t.Fatalf("no peak in %q", status)
	}
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}

// TestParallelPages: many requests at once for the page of a large entry do not exhaust
// the memory. Each gets the page, or is told to come again.
func TestParallelPages(t *testing.T) {
	if peers.RaceDetector {
		t.Skip("the race detector takes memory itself")
	}
	dir := t.TempDir()
	// Many small elements cost most.
	texts := make(map[metadata.Term]string)
	for n := range 5000 {
		texts[metadata.Term{Prefix: "slterms", Name: fmt.Sprint("x", n)}] = "<&\u202e is text"
	}
	e := entrytest.NewEndorser(t, "ada@example.org").Entry(t, entrytest.Description{Texts: texts})
	t.Logf("an entry of %d bytes", len(e.Source))
	publishtest.Into(t, dir, e)
	p := start(t, dir)
	var wait sync.WaitGroup
	var mu sync.Mutex
	statuses := make(map[int]int)
	for range 100 {
		wait.Go(func() {
			resp, err := http.Get(p.url + "/" + e.URLPath() + "?media=html")
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			again := resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != ""
			shown := resp.StatusCode == http.StatusOK && strings.Contains(string(body), "signature verified")
			if err != nil || !again && !shown {
				t.Errorf("%d %.100q: %v", resp.StatusCode, body, err)
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[resp.StatusCode]++
		})
	}
	wait.Wait()
	used := peak(t, p.cmd.Process.Pid)
	t.Logf("%v, %d MiB", statuses, used)
	if statuses[http.StatusOK] == 0 {
		t.Errorf("answers: %v", statuses)
	}
	if used > 200 {
		t.Errorf("the server took %d MiB, want at most 200", used)
	}
}
