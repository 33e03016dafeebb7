package digest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// sumsOf takes the checksums one by one.
func sumsOf(data []byte, compression diskimage.Compression) diskimage.Image {
	md5, sha1, sha256, sha512 := md5.Sum(data), sha1.Sum(data), sha256.Sum256(data), sha512.Sum512(data)
	return diskimage.Image{
		Bytes: int64(len(data)), MD5: md5[:], SHA1: sha1[:], SHA256: sha256[:], SHA512: sha512[:],
		Format: diskimage.Raw, Compression: compression,
	}
}

// TestKnown uses the checksums of FIPS 180 and RFC 1321.
func TestKnown(t *testing.T) {
	got, err := Raw(t.Context(), strings.NewReader("abc"))
	if err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := diskimage.Image{
		Format: diskimage.Raw,
		Bytes:  3,
		MD5:    unhex("900150983cd24fb0d6963f7d28e17f72"),
		SHA1:   unhex("a9993e364706816aba3e25717850c26c9cd0d89d"),
		SHA256: unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
		SHA512: unhex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d44236" +
			"43ce80e2a9ac94fa54ca49f"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSizes(t *testing.T) {
	data := noise(3*ringSize*chunkSize + 12345)
	for _, n := range []int{0, 1, 5, 6, 7, chunkSize - 1, chunkSize, chunkSize + 1, ringSize * chunkSize, len(data)} {
		for name, sum := range map[string]func(io.Reader, io.Writer) (diskimage.Image, error){
			"Raw":    func(r io.Reader, w io.Writer) (diskimage.Image, error) { return Raw(t.Context(), r, w) },
			"Stream": func(r io.Reader, w io.Writer) (diskimage.Image, error) { return Stream(t.Context(), r, Unlimited, w) },
		} {
			var sink bytes.Buffer
			got, err := sum(iotest.HalfReader(bytes.NewReader(data[:n])), &sink)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sumsOf(data[:n], diskimage.None), got); diff != "" {
				t.Errorf("%s of %d bytes: %s", name, n, diff)
			}
			if !bytes.Equal(sink.Bytes(), data[:n]) {
				t.Errorf("%s of %d bytes: sink got %d others", name, n, sink.Len())
			}
		}
	}
}

// TestAllocations: more data takes no more allocations.
func TestAllocations(t *testing.T) {
	allocations := func(n int) float64 {
		data := make([]byte, n)
		return testing.AllocsPerRun(3, func() {
			if _, err := Raw(t.Context(), bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
		})
	}
	const more = 8 * ringSize
	few, many := allocations(chunkSize), allocations(more*chunkSize)
	if many-few > more/4 {
		t.Errorf("got %v allocations for one chunk, %v for %d", few, many, more)
	}
}

func TestCompressed(t *testing.T) {
	data := append(noise(1<<20), make([]byte, 3<<20)...)
	for command, kind := range map[string]diskimage.Compression{
		"":         diskimage.None,
		"gzip -c":  diskimage.Gzip,
		"bzip2 -c": diskimage.Bzip2,
		"xz -0 -c": diskimage.Xz,
		"zstd -c":  diskimage.Zstd,
	} {
		t.Run(command, func(t *testing.T) {
			packed := pack(t, data, command)
			var one, two bytes.Buffer
			got, err := Stream(t.Context(), bytes.NewReader(packed), Unlimited, &one, &two)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sumsOf(data, kind), got); diff != "" {
				t.Error(diff)
			}
			if !bytes.Equal(one.Bytes(), data) || !bytes.Equal(two.Bytes(), data) {
				t.Errorf("sinks got %d and %d bytes that differ from the data", one.Len(), two.Len())
			}
			raw, err := Raw(t.Context(), bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sumsOf(packed, diskimage.None), raw); diff != "" {
				t.Errorf("raw: %s", diff)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	data := noise(5 * chunkSize)
	_, err := Stream(t.Context(), io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)), Unlimited)
	if err != broken {
		t.Errorf("got error %v, want %v", err, broken)
	}
	packed := pack(t, data, "gzip -c")
	_, err = Stream(t.Context(), bytes.NewReader(packed[:len(packed)/2]), Unlimited)
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("got error %v, want %v", err, ErrCorrupt)
	}
}

// endless returns zeros for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// full takes some bytes and then fails.
type full struct {
	left  int
	err   error // nil for a short write
	after int   // how many writes came after the failure
}

func (f *full) Write(p []byte) (int, error) {
	if f.left < 0 {
		f.after++
	}
	f.left -= len(p)
	if f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

// TestSinkFails: a sink stops an endless stream. The bubble sees to it that no
// goroutine is left.
func TestSinkFails(t *testing.T) {
	broken := errors.New("no space")
	for _, test := range []struct {
		sink *full
		want error
	}{
		{&full{err: broken}, broken},
		{&full{left: 20 * ringSize * chunkSize, err: broken}, broken},
		{&full{left: 3 * chunkSize}, io.ErrShortWrite},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := Stream(t.Context(), endless{}, Unlimited, io.Discard, test.sink)
			if err != test.want {
				t.Errorf("got error %v, want %v", err, test.want)
			}
			if test.sink.after > 0 {
				t.Errorf("%d writes after the error", test.sink.after)
			}
		})
	}
}

// TestSinkFailsBlocked: a sink that fails is heard while the reader blocks.
func TestSinkFailsBlocked(t *testing.T) {
	broken := errors.New("no space")
	synctest.Test(t, func(t *testing.T) {
		below, feed := io.Pipe()
		go func() { _, _ = feed.Write(make([]byte, chunkSize+1)) }()
		if _, err := Stream(t.Context(), below, Unlimited, &full{err: broken}); err != broken {
			t.Errorf("got error %v, want %v", err, broken)
		}
		_ = feed.Close() // the goroutine that reads ends with it
	})
}

// TestCancel ends the context while the reader blocks, at different places.
func TestCancel(t *testing.T) {
	packed := pack(t, noise(2*ringSize*chunkSize), "gzip -c")
	for name, start := range map[string][]byte{
		"at once":  {},
		"in magic": packed[:2],
		"plain":    make([]byte, 2*chunkSize+1),
		"gzip":     packed[:len(packed)/2],
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				why := errors.New("enough")
				below, feed := io.Pipe()
				go func() { _, _ = feed.Write(start) }()
				ctx, cancel := context.WithCancelCause(t.Context())
				ended := make(chan error)
				go func() {
					_, err := Stream(ctx, below, Unlimited, io.Discard)
					ended <- err
				}()
				synctest.Wait() // until all wait for the reader
				cancel(why)
				if err := <-ended; !errors.Is(err, why) {
					t.Errorf("got error %v, want %v", err, why)
				}
				_ = feed.Close()
			})
		})
	}
}

// TestCancelBusy ends the context in the middle of a stream that never blocks.
func TestCancelBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		stop := &full{left: 10 * chunkSize}
		sink := writer(func(p []byte) (int, error) {
			if n, _ := stop.Write(p); n == 0 {
				cancel()
			}
			return len(p), nil
		})
		if _, err := Raw(ctx, endless{}, sink); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
	})
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
