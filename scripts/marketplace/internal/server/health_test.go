package server

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/peers"
)

// smallDisk is a file system of 2 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		peers.Missing(t, "mounting a tmpfs: "+err.Error())
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// TestDiskFull: a real file system that is full. Nothing of the entry is to be
// seen, and the answer says whose fault it is.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t)
	m := newMarket(t, filepath.Join(dir, "tree"), DefaultLimits())
	var later atomic.Int64
	m.now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	by := ada(t)
	m.publish(t, by.Entry(t, entrytest.Description{Content: "one"}))
	if got := m.get(t, "/health", ""); got.status != 200 || got.body != "ok\n" {
		t.Errorf("health: %d %q, want 200", got.status, got.body)
	}
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	_ = filler.Close()
	e := by.Entry(t, entrytest.Description{Content: "two"})
	got := m.do(t, http.MethodPost, "/metadata", string(e.Source), "Content-Type: application/xml", "Accept: application/xml")
	full := got.status == http.StatusInsufficientStorage && strings.Contains(got.body, "no space left")
	if !full || strings.Contains(got.body, dir) {
		t.Errorf("got %d %q, want 507", got.status, got.body)
	}
	if got := m.get(t, "/"+e.URLPath(), ""); got.status != 404 {
		t.Errorf("the entry: %d, want 404", got.status)
	}
	later.Add(int64(verdictTime))
	if got := m.get(t, "/health", ""); got.status != 503 {
		t.Errorf("health: %d, want 503", got.status)
	}
	if err := os.Remove(filler.Name()); err != nil {
		t.Fatal(err)
	}
	if got := m.do(t, http.MethodPost, "/metadata", string(e.Source), "Content-Type: application/xml"); got.status != 201 {
		t.Errorf("with space again: %d %q, want 201", got.status, got.body)
	}
	if keys, _ := listed(t, m.get(t, "/metadata", "application/xml")); len(keys) != 2 {
		t.Errorf("listed: %q", keys)
	}
}

// TestHealthIsRemembered: requests do not keep the disk busy.
func TestHealthIsRemembered(t *testing.T) {
	m := newMarket(t, filepath.Join(t.TempDir(), "tree"), DefaultLimits())
	at := time.Now()
	m.now = func() time.Time { return at }
	status := func(want int) {
		t.Helper()
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health", nil))
		if w.Code != want {
			t.Errorf("got %d, want %d", w.Code, want)
		}
	}
	status(200)
	if err := os.RemoveAll(m.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.dir, nil, 0o600); err != nil { // nothing can be made below it
		t.Fatal(err)
	}
	status(200)
	at = at.Add(verdictTime)
	status(503)
	status(503)
	if n := strings.Count(m.log.String(), "warning health:"); n != 1 {
		t.Errorf("%d warnings, want 1: %s", n, m.log)
	}
}
