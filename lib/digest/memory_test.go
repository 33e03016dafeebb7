package digest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

const (
	memoryLimit  = 64 << 10 // KiB, of this process
	programLimit = 68 << 10 // KiB, of the xz program: its dictionary of 64 MiB, and itself
	childEnv     = "STRATUS_TEST_DIGEST_STDIN"
)

// usage is what the process that is measured reports.
type usage struct {
	Bytes   int64
	Corrupt bool // whether the stream was refused
	Peak    int  // KiB
	Program int  // KiB, the peak of the program it ran
}

// TestMain lets the test program sum its standard input, in a process whose
// memory can be measured.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		peers.Contain()
		os.Exit(m.Run())
	}
	if err := measureStdin(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measureStdin() error {
	sums, err := Stream(context.Background(), os.Stdin, Unlimited)
	corrupt := errors.Is(err, ErrCorrupt)
	if err != nil && !corrupt {
		return err
	}
	peak, err := peers.PeakMemory()
	if err != nil {
		return err
	}
	var programs syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &programs); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(usage{sums.Bytes, corrupt, peak, int(programs.Maxrss)})
}

// measure sums a stream in another process and checks what it took.
func measure(t *testing.T, stdin io.Reader, want usage) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{childEnv + "=1", "PATH=" + os.Getenv("PATH")}
	cmd.Stdin, cmd.Stderr = stdin, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got usage
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("reading %q: %v", out, err)
	}
	t.Logf("%d bytes, peak %d KiB, program %d KiB", got.Bytes, got.Peak, got.Program)
	if got.Bytes != want.Bytes || got.Corrupt != want.Corrupt || got.Peak > want.Peak || got.Program > want.Program {
		t.Errorf("got %+v, want at most %+v", got, want)
	}
}

// TestMemory measures large and hostile streams.
func TestMemory(t *testing.T) {
	if peers.RaceDetector {
		t.Skip("the race detector takes more memory than what is measured")
	}
	t.Run("sparse file", func(t *testing.T) {
		const size = 2 << 30
		f, err := os.Create(filepath.Join(t.TempDir(), "image"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		measure(t, f, usage{Bytes: size, Peak: memoryLimit})
	})
	wide := slices.Concat(noise(1<<20), make([]byte, 70<<20), noise(1<<20)) // more than any window
	size := int64(len(wide))
	for _, command := range []string{"gzip -c", "bzip2 -c", "zstd -c -19", "zstd -c --ultra -20", "xz -c -9", "xz -c -0 -T2"} {
		t.Run(command, func(t *testing.T) {
			packed := pack(t, wide, command)
			measure(t, bytes.NewReader(packed), usage{Bytes: size, Peak: memoryLimit, Program: programLimit})
		})
	}
	t.Run("zstd frames", func(t *testing.T) {
		var packed []byte
		var size int64
		for log := 20; log <= 25; log++ { // ever larger windows, all of them used
			packed = append(packed, pack(t, wide, fmt.Sprintf("zstd -c -1 --zstd=wlog=%d", log))...)
			size += int64(len(wide))
		}
		empty := pack(t, nil, "zstd -c")
		packed = append(packed, bytes.Repeat(empty, 200_000)...)
		measure(t, bytes.NewReader(packed), usage{Bytes: size, Peak: memoryLimit})
	})
	t.Run("over the limit", func(t *testing.T) {
		packed := pack(t, wide, "zstd -c --long=26")
		measure(t, bytes.NewReader(packed), usage{Corrupt: true, Peak: memoryLimit})
	})
}
