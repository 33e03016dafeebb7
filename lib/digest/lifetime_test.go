package digest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
)

// streams of the kinds that are decoded in different ways
func lifetimes(t *testing.T, test func(t *testing.T, stream []byte)) {
	data := text(2 << 20)
	gz, xz := pack(t, data, "gzip -c"), pack(t, data, "xz -c")
	t.Run("gzip", func(t *testing.T) { test(t, gz) })
	t.Run("xz", func(t *testing.T) { test(t, xz) })
}

// ended waits until nothing of a Reader is left.
func ended(r *Reader) {
	<-r.out.done
	<-r.src.done
}

// TestDecompressCancel ends the context while the stream below is blocked.
func TestDecompressCancel(t *testing.T) {
	lifetimes(t, func(t *testing.T, stream []byte) {
		below, feed := io.Pipe()
		go func() { _, _ = feed.Write(stream[:len(stream)/2]) }()
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		r, err := Decompress(ctx, below, Unlimited)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		cancel(why)
		if _, err := io.Copy(io.Discard, r); !errors.Is(err, why) {
			t.Errorf("got error %v, want %v", err, why)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		<-r.out.done // the program, where there is one, was reaped
		_ = feed.Close()
		ended(r)
	})
}

// TestDecompressCancelled ends the context before the compression is known.
func TestDecompressCancelled(t *testing.T) {
	below, feed := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Decompress(ctx, below, Unlimited); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
	_ = feed.Close()
}

// TestCloseEarly stops in the middle of a stream.
func TestCloseEarly(t *testing.T) {
	lifetimes(t, func(t *testing.T, stream []byte) {
		r, err := Decompress(t.Context(), bytes.NewReader(stream), Unlimited)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		ended(r)
		if _, err := r.Read(make([]byte, 1)); err == nil {
			t.Error("read after Close")
		}
	})
}

// TestAhead: the stream is decompressed before it is asked for.
func TestAhead(t *testing.T) {
	lifetimes(t, func(t *testing.T, stream []byte) {
		r, err := Decompress(t.Context(), bytes.NewReader(stream), Unlimited)
		if err != nil {
			t.Fatal(err)
		}
		first := <-r.out.full
		if !bytes.Equal(first.data, text(2 << 20)[:unpackedBlock]) {
			t.Errorf("got %d bytes that differ from the content", len(first.data))
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReaped: a program that ends by itself is reaped, also while the stream
// below is blocked, and so is one that is stopped.
func TestReaped(t *testing.T) {
	peers.Need(t, "xz")
	stream := pack(t, text(1<<20), "xz -c")
	begin := func(input []byte) *process {
		below, feed := io.Pipe()
		t.Cleanup(func() { _ = feed.Close() })
		go func() { _, _ = feed.Write(input) }()
		p, err := newDecoder(t.Context(), diskimage.Xz, readAhead(t.Context(), below, packedBlock))
		if err != nil {
			t.Fatal(err)
		}
		return p.(*process)
	}
	t.Run("ends", func(t *testing.T) {
		p := begin(slices.Concat(stream[:100], noise(2*packedBlock)))
		var failed *processError
		if _, err := io.Copy(io.Discard, p); !errors.As(err, &failed) || !failed.refused {
			t.Errorf("got error %v, want one of the program", err)
		}
		if state := p.cmd.ProcessState; state == nil || state.ExitCode() != 1 {
			t.Errorf("program not reaped: %v", state)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		p := begin(stream[:len(stream)/2])
		if _, err := io.ReadFull(p, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if state := p.cmd.ProcessState; state == nil || state.Exited() {
			t.Errorf("program not stopped: %v", state)
		}
	})
}

// TestEnvironment: options from the environment do not reach the program.
func TestEnvironment(t *testing.T) {
	t.Setenv("XZ_OPT", "--test --format=lzma")
	t.Setenv("XZ_DEFAULTS", "--no-such-option")
	want := text(1000)
	_, got, err := unpack(t, bytes.NewReader(plainXz(t, want)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, error %v; want %d", len(got), err, len(want))
	}
}

// plainXz compresses in a test that sets the environment of xz.
func plainXz(t *testing.T, data []byte) []byte {
	t.Helper()
	peers.Need(t, "xz")
	return pack(t, data, "env -u XZ_OPT -u XZ_DEFAULTS xz -c")
}

// TestKilledProgram: the end of a program by a signal is not the fault of the data.
func TestKilledProgram(t *testing.T) {
	peers.Need(t, "sh")
	src := readAhead(t.Context(), io.NopCloser(bytes.NewReader(nil)), packedBlock)
	p, err := start(t.Context(), src, "sh", "-c", "kill -9 $$")
	if err != nil {
		t.Fatal(err)
	}
	r := &Reader{ctx: t.Context(), kind: diskimage.Xz, src: src, body: p}
	if _, err := io.ReadAll(r); err == nil || errors.Is(err, ErrCorrupt) {
		t.Errorf("got error %v, want one that is not %v", err, ErrCorrupt)
	}
}
