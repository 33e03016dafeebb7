package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote"
)

// testImage is an image of which little can be compressed and some is zero.
func testImage(size int) []byte {
	image := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(image[:size/2]) // never fails
	return image
}

func claimOf(t *testing.T, image []byte) Want {
	t.Helper()
	s, err := digest.Raw(t.Context(), bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	return Want{Image: diskimage.Image{Bytes: s.Bytes, MD5: s.MD5, SHA1: s.SHA1, SHA256: s.SHA256, SHA512: s.SHA512}}
}

type count struct{ bytes int64 }

func (c *count) Write(p []byte) (int, error) { c.bytes += int64(len(p)); return len(p), nil }
func (c *count) Close() error                { return nil }

func fetcher(t *testing.T, o remote.Options) *Fetcher {
	t.Helper()
	o.Retries = remote.Retries{Attempts: 2, MinWait: time.Millisecond, MaxWait: time.Millisecond}
	f, err := New(o, &testLog{TB: t, meter: &count{}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// testLog keeps the messages, and counts with its meter.
type testLog struct {
	testing.TB
	infos []string
	meter io.WriteCloser
}

func (l *testLog) Infof(format string, args ...any) {
	l.infos = append(l.infos, fmt.Sprintf(format, args...))
}
func (l *testLog) Verbosef(format string, args ...any) { l.Logf(format, args...) }
func (l *testLog) Warnf(format string, args ...any)    { l.Errorf(format, args...) }
func (l *testLog) Meter(string, int64) io.WriteCloser  { return l.meter }

func filesIn(dir string) *Item {
	return &Item{Part: dir + "/part", Unpacked: dir + "/new", Record: dir + "/record"}
}

// serve serves one file.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/image"
}

func content(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// checkImage makes sure that the image is there, and nothing that is of no use.
func checkImage(t *testing.T, got Image, err error, want []byte, files *Item) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(got.Path)
	if err != nil || !bytes.Equal(data, want) || got.Sums.Bytes != int64(len(want)) {
		t.Errorf("got %d bytes, want %d, %v", len(data), len(want), err)
	}
	if got.Path == files.Part {
		if _, err := os.Lstat(files.Unpacked); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q is there: %v", files.Unpacked, err)
		}
	}
}

func packed(t *testing.T, program string, data []byte) []byte {
	t.Helper()
	peers.Need(t, program)
	cmd := exec.CommandContext(t.Context(), program, "-c")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
