package page

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// dom opens a page in a real browser and gives what has become of it.
func dom(t *testing.T, url string) string {
	t.Helper()
	peers.Need(t, "chromium")
	profile, err := os.MkdirTemp("", "page-test-")
	if err != nil {
		t.Fatal(err)
	}
	// Processes of the browser may still write into it.
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	out, err := exec.CommandContext(t.Context(), "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+profile, "--virtual-time-budget=5000", "--dump-dom", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func show(w http.ResponseWriter, v html) {
	src, err := v.HTML()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(src)
}

// TestBrowserRunsNothing: no page runs what an entry says.
func TestBrowserRunsNothing(t *testing.T) {
	mux := http.NewServeMux()
	for name, v := range views(t) {
		mux.HandleFunc("/"+name+"/", func(w http.ResponseWriter, _ *http.Request) { show(w, v) })
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, want := range map[string]string{
		"entry":   "signature verified",
		"invalid": "Not verified",
		"upload":  "The upload was refused.",
	} {
		t.Run(name, func(t *testing.T) {
			got := dom(t, server.URL+"/"+name+"/")
			if strings.Contains(got, "<title>run") {
				t.Error("a script of an entry has run")
			}
			if !strings.Contains(got, "– StratusLab Marketplace</title>") || !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		})
	}
}
