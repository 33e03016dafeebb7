package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
)

func TestFetch(t *testing.T) {
	image := testImage(3 << 20)
	want := claimOf(t, image)
	path := filepath.Join(t.TempDir(), "image.raw")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	locations := map[string]string{"raw": serve(t, content(image)), "file": "file://" + path}
	for _, program := range []string{"gzip", "bzip2", "xz", "zstd"} {
		locations[program] = serve(t, content(packed(t, program, image)))
	}
	for name, location := range locations {
		t.Run(name, func(t *testing.T) {
			files := filesIn(t.TempDir())
			got, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{location}, want, files)
			checkImage(t, got, err, image, files)
			if got.Location != location || got.Sums.Compression != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestWrong: every wrong image is refused, with got and want, and leaves nothing.
func TestWrong(t *testing.T) {
	image := testImage(1 << 20)
	want := claimOf(t, image)
	swapped := bytes.Clone(image)
	swapped[1000] ^= 1
	otherSHA512 := want
	otherSHA512.Image.SHA512 = bytes.Repeat([]byte{0xab}, 64)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(append(bytes.Clone(image), 'x')); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		for block := testImage(1 << 16); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	page := "<!DOCTYPE html><html><title>Log in</title></html>"
	for _, test := range []struct {
		name  string
		serve http.HandlerFunc
		claim Want
		want  string
	}{
		{"one bit", content(swapped), want, fmt.Sprintf("its SHA-512 is %x, want %x", claimOf(t, swapped).Image.SHA512,
			want.Image.SHA512)},
		{"SHA-512 only", content(image), otherSHA512, fmt.Sprintf("its SHA-512 is %x, want abab", want.Image.SHA512)},
		{"too short", content(image[:1000]), want, "it has 1000 bytes, want 1048576"},
		{"too long", content(append(image, 'x')), want, "it has 1048577 bytes, want 1048576"},
		{"too long, compressed", content(z.Bytes()), want, "decompressed, at most 1048576 bytes"},
		{"cut, compressed", content(z.Bytes()[:z.Len()/2]), want, "decompressing gz data"},
		{"endless", endless, want, "it has more than 1048576 bytes"},
		{"error page", content([]byte(page)), want, fmt.Sprintf("it has %d bytes, want 1048576 (it is a web page)", len(page))},
		{"digest alone", content([]byte(page)), Want{SHA256: want.Image.SHA256},
			fmt.Sprintf("its SHA-256 is %x, want %x", sha256.Sum256([]byte(page)), want.Image.SHA256)},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			location := serve(t, test.serve)
			_, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{location}, test.claim, filesIn(dir))
			if !errors.Is(err, diskimage.ErrMismatch) || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), location) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

func TestSHA256(t *testing.T) {
	image := testImage(1 << 20)
	packed := packed(t, "gzip", image)
	location := serve(t, content(packed))
	ofFile, ofImage := sha256.Sum256(packed), sha256.Sum256(image)
	for _, sum := range [][32]byte{ofFile, ofImage} {
		files := filesIn(t.TempDir())
		got, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{location}, Want{SHA256: sum[:]}, files)
		checkImage(t, got, err, image, files)
		if recorded := files.FileSHA256(ofImage[:]); !bytes.Equal(recorded, ofFile[:]) {
			t.Errorf("recorded %x, want %x", recorded, ofFile)
		}
		if recorded := files.FileSHA256(ofFile[:]); recorded != nil {
			t.Errorf("of another image: recorded %x, want nothing", recorded)
		}
	}
}

func TestLocations(t *testing.T) {
	image := testImage(1 << 20)
	want := claimOf(t, image)
	var tried atomic.Int32
	status := func(code int) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) { tried.Add(1); w.WriteHeader(code) })
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	missing, broken, page := status(404), status(503), serve(t, content([]byte("<html>")))
	bad := []string{"pdisk:host:1234", missing, broken, gone.URL, page, "file:///dev/zero", "file:///does/not/exist",
		"https://user:secret@127.0.0.1/x"}
	files := filesIn(t.TempDir())
	got, err := fetcher(t, remote.Options{}).Fetch(t.Context(), append(bad, serve(t, content(image))), want, files)
	checkImage(t, got, err, image, files)
	if tried.Load() != 3 {
		t.Errorf("the servers were asked %d times, want 3", tried.Load())
	}
	_, err = fetcher(t, remote.Options{}).Fetch(t.Context(), bad, want, filesIn(t.TempDir()))
	for _, kind := range []error{diskimage.ErrMismatch, remote.ErrRefused, remote.ErrUnreachable, ErrNoLocation} {
		if !errors.Is(err, kind) {
			t.Errorf("the error does not wrap %q", kind)
		}
	}
	for _, text := range []string{"none of 8 locations", `the scheme of "pdisk:host:1234" is not supported`,
		missing + `": `, "404", broken, "503", gone.URL, page, `opening "file:///dev/zero": not a regular file`,
		`opening "file:///does/not/exist": no such file or directory`} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q:\n%v", text, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows a password:\n%v", err)
	}
	if _, err := fetcher(t, remote.Options{}).Fetch(t.Context(), nil, want, files); !errors.Is(err, ErrNoLocation) {
		t.Errorf("no location: %v", err)
	}
}

// TestFailuresOnce: no failure is told of twice.
func TestFailuresOnce(t *testing.T) {
	log := &testLog{TB: t, meter: &count{}}
	f := fetcher(t, remote.Options{})
	f.log = log
	first, second := "file:///missing/1", "file:///missing/2"
	want := claimOf(t, testImage(1<<10))
	_, err := f.Fetch(t.Context(), []string{first}, want, filesIn(t.TempDir()))
	if report.KindOf(err) != report.BadInput || err.Error() != `opening "file:///missing/1": no such file or directory` ||
		len(log.infos) > 0 {
		t.Errorf("one location: got %v, log %q", err, log.infos)
	}
	_, err = f.Fetch(t.Context(), []string{first, second}, want, filesIn(t.TempDir()))
	if err == nil || strings.Count(err.Error(), first) != 1 || strings.Count(err.Error(), second) != 1 {
		t.Errorf("two locations: %v", err)
	}
	if len(log.infos) != 1 || !strings.Contains(log.infos[0], first) || !strings.Contains(log.infos[0], "trying the next") {
		t.Errorf("two locations: log %q", log.infos)
	}
}

// TestPipe: what is no regular file is not waited for, nor where it replaces one
// at the last moment.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f := fetcher(t, remote.Options{})
	for _, location := range []string{"file://" + path, "file:///dev/zero", "file:///tmp"} {
		if _, err := f.Document(t.Context(), location, 10); !errors.Is(err, files.ErrIrregular) {
			t.Errorf("%q: got %v, want %v", location, err, files.ErrIrregular)
		}
	}
}

// TestLinks: a link in place of a file that is written is replaced, not
// followed.
func TestLinks(t *testing.T) {
	image := testImage(1 << 20)
	location := serve(t, content(packed(t, "gzip", image)))
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := filesIn(t.TempDir())
	for _, path := range []string{files.Part, files.Unpacked, files.Record} {
		if err := os.Symlink(victim, path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := fetcher(t, remote.Options{}).Fetch(t.Context(), []string{location}, claimOf(t, image), files)
	checkImage(t, got, err, image, files)
	if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
		t.Errorf("the file that the links lead to: got %q, %v", text, err)
	}
}

func TestInterrupt(t *testing.T) {
	image := testImage(4 << 20)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	location := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(image)))
		_, _ = w.Write(image[:3<<20])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	files := filesIn(t.TempDir())
	f := fetcher(t, remote.Options{})
	f.log = &testLog{TB: t, meter: &trigger{after: 1 << 20, do: func() { cancel(reason) }}}
	if _, err := f.Fetch(ctx, []string{location, location}, claimOf(t, image), files); err != reason {
		t.Errorf("got %v, want %v", err, reason)
	}
	if info, err := os.Stat(files.Part); err != nil || info.Size() < 1<<20 {
		t.Errorf("nothing is kept to go on with: %v, %v", info, err)
	}
}

// trigger does something once after so many bytes.
type trigger struct {
	count
	after int64
	do    func()
}

func (c *trigger) Write(p []byte) (int, error) {
	if c.bytes < c.after && c.bytes+int64(len(p)) >= c.after {
		c.do()
	}
	return c.count.Write(p)
}
