package digest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
)

// text returns n bytes that compress, the same ones each time.
func text(n int) []byte {
	words := []string{"kernel ", "image ", "\x00\x00\x00\x00\x00\x00\x00\x00", "disk ", "\xff\x01", "cloud\n"}
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(byte(random.UintN(256)))
	}
	return b.Bytes()[:n]
}

// noise returns n bytes that do not compress, the same ones each time.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// pack compresses data with a real program, or not at all if command is empty.
func pack(t testing.TB, data []byte, command string) []byte {
	t.Helper()
	if command == "" {
		return data
	}
	args := strings.Fields(command)
	peers.Need(t, args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v", command, err)
	}
	return out
}

// unpack reads a stream to its end.
func unpack(t testing.TB, r io.Reader) (diskimage.Compression, []byte, error) {
	t.Helper()
	reader, err := Decompress(t.Context(), r, Unlimited)
	if err != nil {
		return diskimage.None, nil, err
	}
	defer func() {
		if err := reader.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	data, err := io.ReadAll(reader)
	return reader.Compression(), data, err
}

// failAfter returns the bytes of data and then err.
func failAfter(data []byte, err error) io.Reader {
	return io.MultiReader(bytes.NewReader(data), failing{err})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// wantCorrupt checks an error about the data.
func wantCorrupt(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrCorrupt) || errors.Is(err, context.Canceled) {
		t.Errorf("%s: got error %v, want %v", what, err, ErrCorrupt)
	}
}
