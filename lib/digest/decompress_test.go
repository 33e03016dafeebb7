package digest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// packers are the programs whose output must be read, by the kind of it.
var packers = []struct {
	kind    diskimage.Compression
	command string
}{
	{diskimage.Gzip, "gzip -c"},
	{diskimage.Gzip, "pigz -c -p 2 -b 128"},
	{diskimage.Bzip2, "bzip2 -c"},
	{diskimage.Bzip2, "bzip2 -c -1"},
	{diskimage.Bzip2, "pbzip2 -c -p2 -b1"},
	{diskimage.Bzip2, "lbzip2 -c -n 2 -1"},
	{diskimage.Xz, "xz -c"},
	{diskimage.Xz, "xz -c -0 -T2 --block-size=100000"},
	{diskimage.Xz, "xz -c --check=none"},
	{diskimage.Xz, "xz -c --check=crc32"},
	{diskimage.Xz, "xz -c --check=sha256"},
	{diskimage.Zstd, "zstd -c"},
	{diskimage.Zstd, "zstd -c -19 --no-check"},
	{diskimage.Zstd, "zstd -c -T2 -B100000"},
	{diskimage.Zstd, "pzstd -c -p 2"},
}

func TestPrograms(t *testing.T) {
	contents := map[string][]byte{
		"nothing": {},
		"little":  []byte("foo"),
		"text":    text(2*unpackedBlock + 1),
		"noise":   noise(300_000),
		"zeros":   make([]byte, 4*unpackedBlock),
	}
	for _, p := range packers {
		t.Run(p.command, func(t *testing.T) {
			for name, want := range contents {
				packed := pack(t, want, p.command)
				checkUnpack(t, name, packed, p.kind, want)
				checkUnpack(t, name+" twice", slices.Concat(packed, packed), p.kind, slices.Concat(want, want))
			}
		})
	}
}

// checkUnpack reads a stream.
func checkUnpack(t *testing.T, name string, packed []byte, kind diskimage.Compression, want []byte) {
	t.Helper()
	if len(packed) == 0 { // some programs make nothing of nothing
		kind = diskimage.None
	}
	t.Run(name, func(t *testing.T) {
		gotKind, got, err := unpack(t, bytes.NewReader(packed))
		if err != nil || gotKind != kind || !bytes.Equal(got, want) {
			t.Errorf("got %d bytes, kind %q, error %v; want %d, %q", len(got), gotKind, err, len(want), kind)
		}
	})
}

func TestPlain(t *testing.T) {
	for _, want := range [][]byte{nil, []byte("B"), []byte("BZ"), []byte("foobar"), text(1 << 20)} {
		kind, got, err := unpack(t, iotest.OneByteReader(bytes.NewReader(want)))
		if err != nil || kind != diskimage.None || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, kind %q, error %v", len(want), len(got), kind, err)
		}
	}
}

// TestSkippable puts frames that hold no content around and between frames.
func TestSkippable(t *testing.T) {
	want := text(1000)
	frame := pack(t, want, "zstd -c")
	skip := []byte("\x53\x2a\x4d\x18\x05\x00\x00\x00abcde")
	checkUnpack(t, "around", slices.Concat(skip, frame, skip, skip, frame, skip), diskimage.Zstd, slices.Concat(want, want))
	checkUnpack(t, "alone", skip, diskimage.Zstd, nil)
}

// TestPadding: zeros may follow xz streams, four at a time.
func TestPadding(t *testing.T) {
	want := text(1000)
	stream := pack(t, want, "xz -c")
	checkUnpack(t, "padded", slices.Concat(stream, make([]byte, 8), stream, make([]byte, 4)), diskimage.Xz,
		slices.Concat(want, want))
}

// small are streams short enough to damage them everywhere.
func small(t *testing.T) map[string][]byte {
	data := text(150)
	streams := map[string][]byte{}
	for _, command := range []string{"gzip -c", "bzip2 -c", "xz -c --block-size=100", "zstd -c"} {
		streams[command] = pack(t, data, command)
	}
	return streams
}

func TestLimit(t *testing.T) {
	for name, stream := range small(t) {
		for limit, want := range map[int64]error{149: ErrCorrupt, 150: nil} {
			r, err := Decompress(t.Context(), bytes.NewReader(stream), limit)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if !errors.Is(err, want) || int64(len(got)) > limit {
				t.Errorf("%s, at most %d bytes: got %d, error %v, want %v", name, limit, len(got), err, want)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestTruncated(t *testing.T) {
	for name, stream := range small(t) {
		t.Run(name, func(t *testing.T) {
			for n := range stream {
				kind, _, err := unpack(t, bytes.NewReader(stream[:n]))
				if kind == diskimage.None && n < diskimage.CompressionHead {
					continue // too short to be recognised
				}
				wantCorrupt(t, fmt.Sprintf("%d of %d bytes", n, len(stream)), err)
			}
		})
	}
}

// TestFlipped flips bits. A few of them mean nothing, such as the time in a
// gzip header: then all of the content must be there.
func TestFlipped(t *testing.T) {
	want := text(150)
	for name, stream := range small(t) {
		t.Run(name, func(t *testing.T) {
			for i := range stream {
				damaged := slices.Clone(stream)
				damaged[i] ^= 1 << (i % 8)
				kind, got, err := unpack(t, bytes.NewReader(damaged))
				if kind == diskimage.None && i < diskimage.CompressionHead || err == nil && bytes.Equal(got, want) {
					continue
				}
				wantCorrupt(t, fmt.Sprintf("byte %d of %d", i, len(stream)), err)
			}
		})
	}
}

func TestTrailing(t *testing.T) {
	for name, stream := range small(t) {
		t.Run(name, func(t *testing.T) {
			for _, tail := range []string{"\x00", "x", "xx", "xxx", "xxxx", "xxxxxxxxxxxx", string(stream[:2]),
				string(stream[:5])} {
				_, _, err := unpack(t, bytes.NewReader(append(slices.Clone(stream), tail...)))
				wantCorrupt(t, fmt.Sprintf("followed by %q", tail), err)
			}
		})
	}
}

// TestReadError: what goes wrong below is not the fault of the data.
func TestReadError(t *testing.T) {
	for name, stream := range small(t) {
		t.Run(name, func(t *testing.T) {
			for _, want := range []error{errors.New("disk on fire"), io.ErrUnexpectedEOF, fmt.Errorf("lost: %w", io.EOF)} {
				for n := 0; n <= len(stream); n += 11 {
					_, _, err := unpack(t, failAfter(stream[:n], want))
					if err != want {
						t.Errorf("after %d bytes: got error %v, want %v", n, err, want)
					}
				}
			}
		})
	}
}

func TestLimits(t *testing.T) {
	data := text(1000)
	_, _, err := unpack(t, bytes.NewReader(pack(t, data, "zstd -c --long=27")))
	wantLimit(t, err, "32 MiB", "zstd -19")

	over := pack(t, data, "xz -c --lzma2=preset=9,dict=128MiB")
	_, _, err = unpack(t, bytes.NewReader(over))
	wantLimit(t, err, "64 MiB", "xz -6")
}

// TestNoProgram: a program that is missing is not the fault of the data.
func TestNoProgram(t *testing.T) {
	stream := pack(t, text(1000), "xz -c")
	t.Setenv("PATH", "")
	if _, _, err := unpack(t, bytes.NewReader(stream)); err == nil || errors.Is(err, ErrCorrupt) ||
		!strings.Contains(err.Error(), "xz-utils") {
		t.Errorf("got error %v, want one that says what to install", err)
	}
}

func wantLimit(t *testing.T, err error, words ...string) {
	t.Helper()
	wantCorrupt(t, "limit", err)
	for _, word := range words {
		if err != nil && !strings.Contains(err.Error(), word) {
			t.Errorf("got error %v, want it to say %q", err, word)
		}
	}
}

// TestLargestPresets reads what just fits the limits, with content that the
// end refers back to as far as they allow.
func TestLargestPresets(t *testing.T) {
	again := noise(100_000)
	want := slices.Concat(again, make([]byte, zstdWindow-2*len(again)), again)
	for _, command := range []string{"xz -c -9", "zstd -c --ultra -20 --long=25"} {
		_, got, err := unpack(t, bytes.NewReader(pack(t, want, command)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %d bytes, error %v; want %d", command, len(got), err, len(want))
		}
	}
}
