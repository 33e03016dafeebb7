package digest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
)

const (
	benchSize   = 1 << 30
	benchRounds = 7
	allowance   = 1.15 // of the time that the hashes alone need
)

var algorithms = []struct {
	name string
	make func() hash.Hash
}{
	{"md5", md5.New},
	{"sha1", sha1.New},
	{"sha256", sha256.New},
	{"sha512", sha512.New},
}

// BenchmarkPass compares the pass over a file that the system keeps in memory
// with what its hashes need alone, and with openssl. Everything is measured in
// each of several rounds, so that the load of the machine hits all alike.
//
//	go test -run '^$' -bench Pass -benchtime 1x ./lib/digest
func BenchmarkPass(b *testing.B) {
	peers.Need(b, "openssl")
	name := benchFile(b)
	for b.Loop() {
		times := map[string][]time.Duration{}
		measure := func(what string, work func() error) {
			start := time.Now()
			if err := work(); err != nil {
				b.Fatalf("%s: %v", what, err)
			}
			times[what] = append(times[what], time.Since(start))
		}
		for range benchRounds {
			for _, a := range algorithms {
				measure(a.name, func() error { return single(name, a.make()) })
			}
			measure("pass", func() error { return pass(b, name) })
			measure("openssl", func() error { return openssl(name) })
		}
		report(b, times)
	}
}

// benchFile makes a file and reads it once.
func benchFile(b *testing.B) string {
	name := filepath.Join(b.TempDir(), "image")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	data := noise(1 << 20)
	for range benchSize / len(data) {
		if _, err := f.Write(data); err != nil {
			b.Fatal(err)
		}
	}
	// written out now, it is not written out during the measurements
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return name
}

// single is the plain loop for one hash.
func single(name string, h hash.Hash) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(h, struct{ io.Reader }{f}, make([]byte, chunkSize))
	_ = f.Close()
	return err
}

func pass(b *testing.B, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	sums, err := Stream(b.Context(), f, Unlimited)
	_ = f.Close()
	if err == nil && sums.Bytes != benchSize {
		err = fmt.Errorf("got %d bytes, want %d", sums.Bytes, benchSize)
	}
	return err
}

func openssl(name string) error {
	for _, a := range algorithms {
		if err := exec.Command("openssl", "dgst", "-"+a.name, name).Run(); err != nil {
			return err
		}
	}
	return nil
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return times[len(times)/2].Seconds()
}

func report(b *testing.B, times map[string][]time.Duration) {
	cores := min(runtime.GOMAXPROCS(0), runtime.NumCPU())
	row := func(what string, seconds float64, note string) {
		fmt.Printf("%-22s %7.3f s %7.0f MB/s   %s\n", what, seconds, benchSize/1e6/seconds, note)
	}
	fmt.Printf("\n%d MiB in memory, %d cores, medians of %d rounds\n", benchSize>>20, cores, benchRounds)
	var slowest, sum float64
	for _, a := range algorithms {
		t := median(times[a.name])
		slowest, sum = max(slowest, t), sum+t
		row(a.name, t, "")
	}
	limit := allowance * max(slowest, sum/float64(cores))
	row("sum / cores", sum/float64(cores), "")
	row("limit", limit, fmt.Sprintf("%.2f x max(slowest, sum / cores)", allowance))
	got, other := median(times["pass"]), median(times["openssl"])
	row("one pass, four hashes", got, fmt.Sprintf("%.3f of the limit", got/limit))
	row("openssl, four times", other, fmt.Sprintf("one pass takes %.3f of it", got/other))
	b.ReportMetric(got/limit, "time/limit")
	b.ReportMetric(got/other, "time/openssl")
}
