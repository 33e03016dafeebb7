package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/signature"
)

// world is a Marketplace with one endorser, a web server with one image, and a
// cache. What is tested here ends before a machine starts.
type world struct {
	t        *testing.T
	dir      string // the working directory
	env      []string
	market   string
	cache    string
	image    []byte
	location string
	served   atomic.Pointer[[]byte] // what is found there, the image at first
	asked    atomic.Int32
	jane     *entrytest.Endorser
}

const jane = "jane@example.org"

func newWorld(t *testing.T) *world {
	t.Helper()
	peers.Need(t, "qemu-system-x86_64", "qemu-img")
	w := &world{t: t, dir: t.TempDir(), jane: entrytest.NewEndorser(t, jane)}
	w.market, w.cache = w.dir+"/market", w.dir+"/cache/stratuslab/images"
	w.env = []string{"XDG_CACHE_HOME=" + w.dir + "/cache", "STRATUSLAB_MARKETPLACE_ENDPOINT=" + w.market}
	w.image = bytes.Repeat([]byte("a disk of sorts\n"), 1<<16)
	w.served.Store(&w.image)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		if served := w.served.Load(); served != nil {
			http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(*served))
			return
		}
		http.NotFound(out, r)
	}))
	t.Cleanup(server.Close)
	w.location = server.URL + "/image"
	return w
}

// What newWorldOf says of its image, and what a build says that replaces another.
const (
	publisher = "Example"
	replaced  = "J7M1U1pZuOJOcq_d7bypZorP2KY"
)

// newWorldOf is newWorld with an image of any size, a file in qcow2.
func newWorldOf(t *testing.T, file string) *world {
	t.Helper()
	w := newWorld(t)
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	w.location = "file://" + file
	image := digests(t, file)
	texts := map[metadata.Term]string{metadata.Format: "qcow2", metadata.Publisher: publisher}
	w.describe(entrytest.Description{Image: &image, Texts: texts})
	return w
}

// checkDraft compares the draft of a build with the description of its base, and
// with --replaces.
func (w *world) checkDraft(draft []byte) {
	w.t.Helper()
	d, err := metadata.Parse(draft)
	if err != nil {
		w.t.Fatal(err)
	}
	checkTerms(w.t, d, map[metadata.Term]string{
		metadata.IsVersionOf: w.identifier(), metadata.Replaces: replaced, metadata.Version: "1.10", metadata.Publisher: publisher,
	})
}

// describe publishes a description of the image, with further terms in pairs of
// term and text, and returns its path.
func (w *world) describe(is entrytest.Description) string {
	w.t.Helper()
	texts := map[metadata.Term]string{metadata.Location: w.location, metadata.Version: "1.9"}
	for term, text := range is.Texts {
		texts[term] = text
	}
	is.Texts = texts
	if is.Image == nil {
		is.Content = string(w.image)
	}
	e := w.jane.Entry(w.t, is)
	publishtest.Into(w.t, w.market, e)
	return filepath.Join(w.market, e.Path())
}

func (w *world) identifier() string {
	path, err := filepath.Glob(w.market + "/metadata/*/" + jane)
	if err != nil || len(path) == 0 {
		w.t.Fatalf("nothing is published: %v", err)
	}
	return filepath.Base(filepath.Dir(path[0]))
}

func (w *world) fingerprint() string { return signature.Fingerprint(w.jane.Certificate()) }

// trusted are the arguments that trust the endorser.
func (w *world) trusted(args ...string) []string {
	return append([]string{"--trust-endorser", w.fingerprint()}, args...)
}

// obtained is what a build says that ends when it has its base.
const obtained = `reading --disk-size "1K": less than the base's disk has, 1.0 MiB`

// start runs the command with the arguments in the world.
func (w *world) start(args ...string) *child {
	w.t.Helper()
	return startWith(w.t, w.dir, w.env, args...)
}

// run runs a build that ends when it has its base, and compares its exit code;
// what it says must match every expression.
func (w *world) run(code int, args []string, says ...string) string {
	w.t.Helper()
	b := w.start(append([]string{"--no-save", "--disk-size", "1K"}, args...)...)
	got := b.wait()
	messages := b.stdout.String() + b.stderr.String()
	if got != code {
		w.t.Errorf("%q: exit code %d, want %d:\n%s", args, got, code, messages)
	}
	for _, say := range says {
		if !regexp.MustCompile(say).MatchString(messages) {
			w.t.Errorf("%q does not say %q:\n%s", args, say, messages)
		}
	}
	return messages
}

// cached is the path of the one image in the cache.
func (w *world) cached() string {
	w.t.Helper()
	files, err := filepath.Glob(w.cache + "/*")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range files {
		if filepath.Ext(f) == "" {
			return f
		}
	}
	w.t.Fatalf("no image is in the cache, but %q", files)
	return ""
}

func (w *world) checkCached() {
	w.t.Helper()
	if got, err := os.ReadFile(w.cached()); err != nil || !bytes.Equal(got, w.image) {
		w.t.Errorf("the cache holds %d bytes, want %d, %v", len(got), len(w.image), err)
	}
}
