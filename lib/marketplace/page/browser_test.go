package page

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
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

func show(w http.ResponseWriter, v interface{ HTML() ([]byte, error) }) {
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
	mux.Handle("/", http.FileServerFS(Assets()))
	for name, v := range views(t) {
		mux.HandleFunc("/"+name+"/", func(w http.ResponseWriter, _ *http.Request) { show(w, v) })
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, want := range map[string]string{
		"file":   `<form class="search" role="search" aria-label="Images" data-static="">`, // shown by its own script
		"list":   `<form class="search"`,
		"single": "signature verified",
		"upload": "The upload was refused.",
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

// drive is a page that types into the one in its frame, and writes down what it
// sees there whenever that changes.
const drive = `<!DOCTYPE html><title>drive</title><pre></pre><iframe src="%s"></iframe><script>
document.querySelector('iframe').onload = (event) => {
  const page = event.target.contentDocument;
  const see = () => {
    const rows = [...page.querySelectorAll('tbody tr')].filter((row) => !row.hidden);
    document.querySelector('pre').textContent = [page.getElementById('count').textContent, page.location.search,
      ...rows.map((row) => row.querySelector('a').getAttribute('href') + ' ' + row.querySelector('.badge').textContent)].join('\n');
  };
  new page.defaultView.MutationObserver(see).observe(page.body, {subtree: true, childList: true, attributes: true, characterData: true});
  const field = page.querySelector('[name=os]');
  field.value = 'UBU';
  field.dispatchEvent(new page.defaultView.Event('input', {bubbles: true}));
};
</script>`

// TestBrowserSearches: what is typed is looked for at once, on a server and in
// files, and in files on older pages as well.
func TestBrowserSearches(t *testing.T) {
	row := func(n, os, valid string) entry.Summary {
		s := entry.Summary{OS: os, Title: n, Valid: valid}
		s.Key = entry.Key{Identifier: n, Email: "a@b", Created: "2026-01-01T00:00:00Z"}
		return s
	}
	const future = "2999-01-01T00:00:00Z"
	written := time.Now().Add(-2 * time.Hour)
	past := metadata.FormatTime(written.Add(time.Hour))
	newer := []entry.Summary{row("one", "ubuntu", future), row("two", "debian", future), row("three", "Kubuntu", past)}
	older := []entry.Summary{row("one", "ubuntu", past), row("four", "ubuntu", future), row("five", "alpine", future)}
	file := Site{Root: "../", Static: true}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(Assets()))
	mux.HandleFunc("/drive/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, drive, "/"+r.URL.Query().Get("page")+"/") })
	mux.HandleFunc("/file/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file/page/1.html" {
			show(w, List{Site: Site{Root: "../../", Static: true}, Rows: older, Total: 6, Now: written})
			return
		}
		show(w, List{Site: file, Rows: newer, Total: 6, Older: "page/1.html", Now: written})
	})
	mux.HandleFunc("/server/", func(w http.ResponseWriter, r *http.Request) {
		search := ParseSearch(r.URL.Query())
		var found []entry.Summary
		for _, s := range newer {
			if search.Matches(s) {
				found = append(found, s)
			}
		}
		show(w, List{Site: Site{Root: "../"}, Rows: found, Total: len(found), Search: &search, Now: written})
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	const one, three = "../metadata/one/a@b/2026-01-01T00:00:00Z.html", "../metadata/three/a@b/2026-01-01T00:00:00Z.html"
	for name, want := range map[string][]string{
		// What has expired since the file was written says so; "one" counts once.
		"file": {"3 of 5 images", "", one + " valid", three + " expired",
			server.URL + "/metadata/four/a@b/2026-01-01T00:00:00Z.html valid"},
		"server": {"2 images", "?os=UBU&status=valid", one + " valid", three + " valid"},
	} {
		t.Run(name, func(t *testing.T) {
			got := dom(t, server.URL+"/drive/?page="+name)
			seen := regexp.MustCompile(`(?s)<pre>(.*?)</pre>`).FindStringSubmatch(got)
			if seen == nil {
				t.Fatalf("nothing was seen:\n%s", got)
			}
			if diff := cmp.Diff(want, strings.Split(html.UnescapeString(seen[1]), "\n")); diff != "" {
				t.Errorf("after typing (-want +got):\n%s", diff)
			}
		})
	}
}
