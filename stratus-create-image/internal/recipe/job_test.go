package recipe

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// TestPause applies a recipe with a mirror whose steps are apart: nothing of it is in the
// guest between two, but for the package lists, and in the end not even those.
func TestPause(t *testing.T) {
	dir := t.TempDir()
	keyFile := signedDebs(t, dir)
	url, _ := serve(t, dir)
	s := sandboxtest.Start(t)
	g := s.Login("root")
	sandboxtest.Output(t, g, "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*proxy*")
	r := &Recipe{Installer: Apt, Repos: repos(t, "[key="+keyFile+"] http://nowhere.invalid ./"),
		Mirrors: mirrors(t, "http://nowhere.invalid="+url), Packages: install("stratus-beta"),
		Commands: []string{"apt-cache policy stratus-beta | grep -q " + url}}
	j, err := r.For(t.Context(), osOf(Apt), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range r.Steps() {
		if err := j.Do(t.Context(), g, step); err != nil {
			t.Fatalf("%s: %v\n%s", step.Name, err, s.Lines())
		}
		if err := j.Pause(t.Context()); err != nil {
			t.Fatalf("after %s: %v", step.Name, err)
		}
		if left := sandboxtest.Output(t, g, "ls /var/tmp"); left != "" {
			t.Errorf("after %s, /var/tmp has %q", step.Name, left)
		}
	}
	if err := j.End(t.Context(), g, nil); err != nil {
		t.Fatal(err)
	}
	if left := sandboxtest.Output(t, g, "ls /var/lib/apt/lists; cat /usr/share/stratus-beta/file"); left != "content\n" {
		t.Errorf("in the end: %q", left)
	}
}

// TestKeyIsInput loads the signing key of a repository once, and has it count as an input.
func TestKeyIsInput(t *testing.T) {
	content := ""
	serve := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(content)) }
	server := httptest.NewTLSServer(http.HandlerFunc(serve))
	defer server.Close()
	digest := func(key string) string {
		t.Helper()
		content = key
		r := &Recipe{Installer: Apt, Repos: repos(t, "[key="+server.URL+"/key.asc] https://x.org ./"), HTTP: server.Client()}
		for range 2 {
			if err := r.LoadKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.HTTP = nil // not asked again
		}
		sum, err := r.Steps()[0].Digest()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := digest("one")
	if again := digest("one"); again != first {
		t.Errorf("the same key: %s, want %s", again, first)
	}
	if other := digest("two"); other == first {
		t.Error("another key is the same input")
	}
}

// TestDigest changes local files: their content and mode count, their times do not.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tree", "file")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, test := range []struct {
		name   string
		change func() error
		same   bool
	}{
		{"new", func() error { return os.WriteFile(file, []byte("one"), 0o644) }, false},
		{"written again", func() error { return os.WriteFile(file, []byte("one"), 0o644) }, true},
		{"another content", func() error { return os.WriteFile(file, []byte("two"), 0o644) }, false},
		{"another mode", func() error { return os.Chmod(file, 0o755) }, false},
		{"another name", func() error { return os.Rename(file, file+"2") }, false},
		{"a link", func() error { return os.Symlink("file2", file) }, false},
	} {
		if err := test.change(); err != nil {
			t.Fatal(err)
		}
		r := &Recipe{Copies: []Copy{{filepath.Dir(file), "/opt/"}}}
		got, err := r.Steps()[0].Digest()
		if err != nil {
			t.Fatal(err)
		}
		if (got == last) != test.same {
			t.Errorf("%s: the digests are the same: %v, want %v", test.name, got == last, test.same)
		}
		last = got
	}
	r := &Recipe{Commands: []string{"true"}, Timeout: 1, Proxy: "http://127.0.0.1:1"}
	with, err := r.Steps()[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	r = &Recipe{Commands: []string{"true"}}
	if without, err := r.Steps()[0].Digest(); err != nil || with != without || strings.Trim(with, "0123456789abcdef") != "" {
		t.Errorf("with a proxy and a time limit: %q, %v, want %q", with, err, without)
	}
}
