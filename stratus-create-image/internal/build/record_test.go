package build

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/enginetest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// TestUpToDate builds an image, and asks after each change whether it would be made again.
func TestUpToDate(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	g := sandbox.Login("root")
	for _, program := range []string{"systemctl", "fstrim"} {
		path := "/usr/local/bin/" + program
		sandboxtest.Output(t, g, "printf '#!/bin/sh\\necho running\\n' >"+path+" && chmod 755 "+path)
	}
	dir := t.TempDir()
	draft, script := filepath.Join(dir, "out.xml"), filepath.Join(dir, "script")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(script, "#!/bin/sh\n")
	q := request(t, dir, new(enginetest.Fake), sandbox.Root())
	q.Replace, q.Reuse = true, &Reuse{Dir: filepath.Join(dir, "cache"), Prune: func() error { return nil }}
	q.Recipe.Scripts = []recipe.Script{{Path: script}}
	q.Recipe.Variables = []recipe.Variable{{Name: "SECRET", Value: "hunter2"}}
	reason := func(q *Request) string {
		t.Helper()
		reason, err := UpToDate(t.Context(), q, draft)
		if err != nil {
			t.Fatal(err)
		}
		return reason
	}
	if got := reason(q); !strings.Contains(got, "no record") {
		t.Errorf("before the first build: %q", got)
	}
	for _, test := range []struct {
		name, want string
		change     func(q *Request)
	}{
		{"version", "the version of this program has changed", func(q *Request) { q.Version = "2" }},
		{"title", "the description has changed", func(q *Request) { q.Texts.Title = "another" }},
		{"disk", "the machine has changed", func(q *Request) { q.Disk = 2 << 20 }},
		{"script", "the script " + script + " has changed", func(*Request) { write(script, "#!/bin/sh\ntrue\n") }},
		{"variable", "the script " + script + " has changed", func(q *Request) { q.Recipe.Variables[0].Value = "other" }},
		{"command less", `the command "test ! -e /root/fails" has changed`, func(q *Request) { q.Recipe.Commands = nil }},
		{"time limit", "", func(q *Request) { q.Recipe.Timeout = time.Hour }},
		{"base", "the base has changed", func(*Request) { write(filepath.Join(dir, "base.raw"), strings.Repeat("\x00", 1<<20)) }},
		{"image", "is not the one that was written", func(*Request) { write(q.Target.Path, "b disk") }},
		{"draft", "is not of this image", func(*Request) { write(draft, "<x/>") }},
		{"no draft", "is not there", func(*Request) { _ = os.Remove(draft) }},
		{"no list", "is not there", func(*Request) { _ = os.Remove(q.SBOM) }},
	} {
		if _, err := Run(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		if got := reason(q); got != "" {
			t.Errorf("%s: before the change: %q", test.name, got)
		}
		other := *q
		other.Recipe.Variables = []recipe.Variable{q.Recipe.Variables[0]}
		test.change(&other)
		if got := reason(&other); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestRecordIsKeyed has the draft's digest depend on a secret, and on the package lists.
func TestRecordIsKeyed(t *testing.T) {
	c := record{Random: "a", Inputs: []input{{"x", "y"}}}
	first := c.digest()
	c.Random = "b"
	if c.digest() == first {
		t.Error("the digest does not depend on the secret")
	}
	c.Random, c.Lists = "a", &lists{Archives: []recipe.Archive{{URL: "http://x.org", SHA256: "z"}}}
	if c.digest() == first {
		t.Error("package lists give the same digest as none")
	}
	d := metadata.New()
	d.SetText(metadata.Inputs, first)
	if got := d.Text(metadata.Inputs); got != first {
		t.Errorf("the draft has %q, want %q", got, first)
	}
}

// TestListsOutOfDate compares package lists with their archives, or with the clock.
func TestListsOutOfDate(t *testing.T) {
	content := "one"
	serve := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(content)) }
	server := httptest.NewServer(http.HandlerFunc(serve))
	defer server.Close()
	archives, err := recipe.Fetch(t.Context(), server.Client(), []recipe.Archive{{URL: server.URL + "/InRelease"}})
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-unchecked - time.Minute)
	check := func(name string, l *lists, want string) {
		t.Helper()
		err := l.check(t.Context(), server.Client())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	check("none", nil, "")
	check("the same, old", &lists{Made: old, Archives: archives}, "")
	check("not compared, new", &lists{Made: time.Now().Add(-time.Hour)}, "")
	check("not compared, old", &lists{Made: old}, "more than 24h0m0s old")
	content = "two"
	check("changed", &lists{Made: time.Now(), Archives: archives}, "/InRelease\" has changed")
	server.Close()
	check("unreachable", &lists{Made: time.Now(), Archives: archives}, "reading the index of an archive")
}
