package signature

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
)

const (
	secondsLimit = 1.0       // of all processors together
	memoryLimit  = 100 << 10 // KiB, of the whole process
	childEnv     = "STRATUS_TEST_SIGNATURE"
)

// usage is what the process that is measured reports.
type usage struct {
	Refusal string // empty if the document was accepted
	Seconds float64
	Peak    int // KiB
}

// TestMain lets the test program verify or sign its standard input, in a
// process that can be measured.
func TestMain(m *testing.M) {
	action := os.Getenv(childEnv)
	if action == "" {
		peers.Contain()
		os.Exit(m.Run())
	}
	if err := measureStdin(action); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measureStdin(action string) error {
	src, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	signer := ecdsaSigner(new(testing.B), elliptic.P256()) // which needs somebody to fail before
	before, err := processorTime()
	if err != nil {
		return err
	}
	var refusal error
	if action == "sign" {
		_, refusal = signBytes(src, signer)
	} else {
		_, refusal = Verify(src)
	}
	after, err := processorTime()
	if err != nil {
		return err
	}
	u := usage{Seconds: (after - before).Seconds()}
	if refusal != nil {
		u.Refusal = refusal.Error()
	}
	if u.Peak, err = peers.PeakMemory(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(u)
}

// processorTime is what this process has taken of the processors, which other
// processes do not add to.
func processorTime() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, err
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// measure verifies or signs in another process and checks what it took. What
// takes too long is measured again: others on the machine make it slower, and
// nothing makes it faster.
func measure(t *testing.T, action string, src []byte) usage {
	t.Helper()
	got := run(t, action, src)
	for range 2 {
		if got.Seconds <= secondsLimit {
			break
		}
		if again := run(t, action, src); again.Seconds < got.Seconds {
			got = again
		}
	}
	if got.Seconds > secondsLimit || got.Peak > memoryLimit {
		t.Errorf("%s: %.3f s and %d KiB, want at most %.3f s and %d KiB", action, got.Seconds, got.Peak, secondsLimit,
			memoryLimit)
	}
	return got
}

func run(t *testing.T, action string, src []byte) usage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{childEnv + "=" + action}
	cmd.Stdin, cmd.Stderr = bytes.NewReader(src), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got usage
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("reading %q: %v", out, err)
	}
	t.Logf("%s %d bytes: %.3f s, peak %d KiB, %.150s", action, len(src), got.Seconds, got.Peak, got.Refusal)
	return got
}

// hostile is a document that is meant to cost much.
type hostile struct {
	name string
	// at is a text in the document that put comes before, and more holds other
	// texts with what replaces them, in turn.
	at, put string
	more    []string
	// late says that it comes into a document that is signed already.
	late bool
	// verified and signed are parts of the refusals, empty if there is none.
	verified, signed string
}

// full repeats text as often as a document of 1 MiB can hold beside the rest.
func full(text string) string { return strings.Repeat(text, (1<<20-8000)/len(text)) }

// nested returns elements one in another, the innermost with some content.
func nested(depth int, start, content, end string) string {
	return strings.Repeat(start, depth) + content + strings.Repeat(end, depth)
}

// TestHostileDocuments: no document of up to 1 MiB takes more than a second or
// 100 MiB, whether it is verified or signed.
func TestHostileDocuments(t *testing.T) {
	if peers.RaceDetector {
		t.Skip("the race detector takes more time and memory than what is measured")
	}
	signer := ecdsaSignerOf(t)
	for _, h := range hostiles() {
		t.Run(h.name, func(t *testing.T) {
			src := plain(t)
			if h.late {
				src = sign(t, src, signer)
			}
			if h.at != "" {
				src = replaced(t, src, h.at, h.put+h.at)
			}
			src = []byte(replacedAll(t, string(src), h.more))
			if len(src) > 1<<20 {
				t.Fatalf("%d bytes, want at most 1 MiB", len(src))
			}
			checkRefusal(t, "sign", measure(t, "sign", src), h.signed)
			if !h.late {
				// Signed, if it can be, there is more to be done about it.
				signed, err := signBytes(src, signer)
				if err == nil {
					src = signed
				}
			}
			checkRefusal(t, "verify", measure(t, "verify", src), h.verified)
		})
	}
}

func checkRefusal(t *testing.T, action string, got usage, want string) {
	t.Helper()
	if (got.Refusal == "") != (want == "") || !strings.Contains(got.Refusal, want) {
		t.Errorf("%s: got %q, want %q", action, got.Refusal, want)
	}
}
