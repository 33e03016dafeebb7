package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// dropping serves data over connections that break off after some bytes of each
// answer; it notes the ranges that it is asked for.
type dropping struct {
	data    []byte
	version string
	after   int
	whole   bool // answers as if it knew no ranges
	ranges  []string
}

func (d *dropping) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.Header.Get("Range")
	d.ranges = append(d.ranges, asked)
	w.Header().Set("ETag", d.version)
	from := 0
	if !d.whole && asked != "" && (r.Header.Get("If-Range") == "" || r.Header.Get("If-Range") == d.version) {
		_, _ = fmt.Sscanf(asked, "bytes=%d-", &from)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(d.data)-1, len(d.data)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(d.data)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	rest := d.data[from:]
	if d.after > 0 && len(rest) > d.after {
		_, _ = w.Write(rest[:d.after])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(rest)
}

func TestResume(t *testing.T) {
	image := testImage(6 << 20)
	want := claimOf(t, image)
	for _, program := range []string{"", "gzip"} {
		t.Run("packed by "+program, func(t *testing.T) {
			sent := image
			if program != "" {
				sent = packed(t, program, image)
			}
			server := &dropping{data: sent, version: `"1"`, after: 3 << 19}
			files := filesIn(t.TempDir())
			got, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{serve(t, server.ServeHTTP)}, want, files)
			checkImage(t, got, err, image, files)
			wantRanges := 1 + (len(sent)-1)/(3<<19)
			if len(server.ranges) != wantRanges || server.ranges[1] != "bytes=1572864-" {
				t.Errorf("asked for %q, want %d ranges", server.ranges, wantRanges)
			}
		})
	}
}

// TestResumeLater goes on with what an earlier process has left.
func TestResumeLater(t *testing.T) {
	image := testImage(6 << 20)
	want := claimOf(t, image)
	for _, test := range []struct {
		name   string
		change func(t *testing.T, s *dropping, f *Item)
		want   []string // the ranges that are asked for then
	}{
		{"the same", func(*testing.T, *dropping, *Item) {}, []string{"bytes=2097152-"}},
		{"another version", func(_ *testing.T, s *dropping, _ *Item) { s.version = `"2"` }, []string{"bytes=2097152-"}},
		{"no ranges", func(_ *testing.T, s *dropping, _ *Item) { s.whole = true }, []string{"bytes=2097152-"}},
		{"damaged", func(t *testing.T, _ *dropping, f *Item) {
			if err := os.WriteFile(f.Part, make([]byte, 2<<20), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"bytes=2097152-", ""}},
		{"no record", func(t *testing.T, _ *dropping, f *Item) {
			if err := os.WriteFile(f.Record, []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{""}},
		{"no part", func(t *testing.T, _ *dropping, f *Item) {
			if err := os.Remove(f.Part); err != nil {
				t.Fatal(err)
			}
		}, []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &dropping{data: image, version: `"1"`, after: 2 << 20}
			location := serve(t, server.ServeHTTP)
			files := filesIn(t.TempDir())
			f := fetcher(t, remote.Options{})
			// The first process is one that the server leaves alone after 2 MiB.
			if _, err := f.fetch(t.Context(), location, want, files); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(files.Part, 2<<20); err != nil {
				t.Fatal(err)
			}
			server.after, server.ranges = 0, nil
			test.change(t, server, files)
			got, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{location}, want, files)
			checkImage(t, got, err, image, files)
			if fmt.Sprint(server.ranges) != fmt.Sprint(test.want) {
				t.Errorf("asked for %q, want %q", server.ranges, test.want)
			}
		})
	}
}

// TestAllThere: a download that ended just before it was looked at.
func TestAllThere(t *testing.T) {
	image := testImage(2 << 20)
	asked := 0
	location := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked > 1 && r.Header.Get("Range") != "bytes=2097152-" {
			t.Errorf("asked for the range %q", r.Header.Get("Range"))
		}
		content(image)(w, r)
	})
	files := filesIn(t.TempDir())
	f := fetcher(t, remote.Options{})
	for range 2 {
		got, err := f.Fetch(t.Context(), []string{location}, claimOf(t, image), files)
		checkImage(t, got, err, image, files)
	}
}

func TestChanges(t *testing.T) {
	image := testImage(6 << 20)
	server := &dropping{data: image, version: `"1"`, after: 2 << 20}
	location := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(server.ranges) == 1 {
			server.version, server.whole = `"2"`, true
		}
		server.ServeHTTP(w, r)
	})
	_, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{location}, claimOf(t, image), filesIn(t.TempDir()))
	if !errors.Is(err, remote.ErrUnreachable) || !strings.Contains(err.Error(), "changed during the download") {
		t.Errorf("got %v", err)
	}
}

func TestGivesUp(t *testing.T) {
	image := testImage(6 << 20)
	server := &dropping{data: image, version: `"1"`, after: 1000}
	dir := t.TempDir()
	_, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{serve(t, server.ServeHTTP)}, claimOf(t, image), filesIn(dir))
	if !errors.Is(err, remote.ErrUnreachable) || !strings.Contains(err.Error(), "it broke off 6 times") {
		t.Errorf("got %v", err)
	}
	if len(server.ranges) != 1+maxStalled {
		t.Errorf("asked %d times, want %d", len(server.ranges), 1+maxStalled)
	}
	if info, err := os.Stat(filesIn(dir).Part); err != nil || info.Size() != 6000 {
		t.Errorf("what is kept: %v, %v, want 6000 bytes", info, err)
	}
}

func TestSFTP(t *testing.T) {
	server := sshdtest.Start(t)
	image := testImage(6 << 20)
	path := filepath.Join(t.TempDir(), "image.raw")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	location := server.URL(path)
	files := filesIn(t.TempDir())
	f := fetcher(t, server.Options())
	killed := false
	f.log = &testLog{TB: t, meter: &trigger{after: 3 << 20, do: func() { killed = true; server.Kill() }}}
	got, err := f.Fetch(t.Context(), []string{location}, claimOf(t, image), files)
	checkImage(t, got, err, image, files)
	if !killed {
		t.Error("the connection was not broken")
	}

	// Another process goes on where this one ended.
	if err := os.Truncate(files.Part, 5<<20); err != nil {
		t.Fatal(err)
	}
	got, err = f.Fetch(t.Context(), []string{location}, claimOf(t, image), files)
	checkImage(t, got, err, image, files)

	for missing, kind := range map[string]error{
		server.URL(path + ".missing"):   remote.ErrRefused,
		server.URL(filepath.Dir(path)):  remote.ErrRefused,
		"sftp://user:pass@127.0.0.1/x":  remote.ErrRefused,
		"sftp://nobody@127.0.0.1:1/tmp": remote.ErrUnreachable,
	} {
		if _, err := f.Fetch(t.Context(), []string{missing}, claimOf(t, image), filesIn(t.TempDir())); !errors.Is(err, kind) {
			t.Errorf("%s: got %v, want %v", missing, err, kind)
		}
	}
}

func TestDocument(t *testing.T) {
	location := serve(t, content(bytes.Repeat([]byte("x"), 100)))
	f := fetcher(t, remote.Options{})
	if got, err := f.Document(t.Context(), location, 10); err != nil || len(got) != 10 {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := f.Document(t.Context(), location, 1000); err != nil || len(got) != 100 {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := f.Document(t.Context(), "gopher://x/", 10); !errors.Is(err, ErrNoLocation) {
		t.Errorf("got %v", err)
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add([]byte(`{"location":"http://example.org/x","version":"\"1\"","file":"AA==","image":"AA=="}`))
	f.Add([]byte(`{"location":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "record")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := cache.ReadRecord(path); r.Image != nil && !bytes.Equal((&Item{Record: path}).FileSHA256(r.Image), r.File) {
			t.Errorf("%+v is not found", r)
		}
	})
}
