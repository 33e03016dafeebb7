package publish

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// sizes are the numbers of entries with which the cost is compared.
var sizes = []int{100, 10_000, 100_000}

// grown holds registries of so many entries, made once for all benchmarks.
var grown = struct {
	sync.Mutex
	dirs map[int]string
}{dirs: map[int]string{}}

func grow(b *testing.B, n int) string {
	b.Helper()
	grown.Lock()
	defer grown.Unlock()
	if dir := grown.dirs[n]; dir != "" {
		return dir
	}
	dir, err := os.MkdirTemp(os.Getenv("STRATUS_BENCH_DIR"), "registry-bench-")
	must(b, err)
	begin := time.Now()
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	must(b, each(b.Context(), numbers, func(i int) error {
		e := grownSpec(i).entry(b)
		path := filepath.Join(dir, e.Path())
		if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
			return err
		}
		return os.WriteFile(path, e.Source, fileMode)
	}))
	w := at(localFiles(b, dir))
	publish(b, w, spec{image: 999_999, at: 59}.entry(b)) // which makes everything derived
	b.Logf("%d entries made in %v", n, time.Since(begin).Round(time.Millisecond))
	grown.dirs[n] = dir
	return dir
}

// grownSpec is an entry of 50 endorsers, who use each tag for two images.
func grownSpec(i int) spec {
	return spec{image: i, at: i % 50, email: fmt.Sprintf("endorser%d@example.org", i%50), tag: fmt.Sprintf("tag-%d", i/100)}
}

// ratios runs a benchmark with every size and reports how much more an
// operation costs than with the smallest.
func ratios(b *testing.B, setup func(b *testing.B, dir string, n int) func(i int)) {
	var smallest float64
	for _, n := range sizes {
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			dir := grow(b, n)
			do := setup(b, dir, n)
			b.ResetTimer()
			for i := range b.N {
				do(i)
			}
			perOp := float64(b.Elapsed()) / float64(b.N)
			if n == sizes[0] {
				smallest = perOp
			}
			if smallest > 0 {
				b.ReportMetric(perOp/smallest, "x-smallest")
			}
		})
	}
}

// published counts the entries that the benchmarks have added.
var published int

func BenchmarkPublish(b *testing.B) {
	ratios(b, func(b *testing.B, dir string, _ int) func(int) {
		r := at(localFiles(b, dir))
		entries := make([]*entry.Entry, b.N)
		for i := range entries {
			published++
			s := grownSpec(published)
			s.image = 1_000_000 + published
			entries[i] = s.entry(b)
		}
		return func(i int) { publish(b, r, entries[i]) }
	})
}

func BenchmarkResolve(b *testing.B) {
	ratios(b, func(b *testing.B, dir string, n int) func(int) {
		f := localFiles(b, dir)
		ids := make([]string, min(n, 100))
		for i := range ids {
			ids[i] = grownSpec(i * n / len(ids)).entry(b).Identifier
		}
		return func(i int) {
			if got := found(b, f, entry.Query{Identifier: ids[i%len(ids)], Status: entry.Valid}); len(got) != 1 {
				b.Fatalf("found %q", got)
			}
		}
	})
}

// BenchmarkTag finds the newest entry of a tag.
func BenchmarkTag(b *testing.B) {
	ratios(b, func(b *testing.B, dir string, _ int) func(int) {
		r := registry.New(localFiles(b, dir))
		return func(i int) {
			s := grownSpec(i % 50)
			for _, err := range r.Find(b.Context(), entry.Query{Email: s.email, Tag: s.tag}) {
				must(b, err)
				return
			}
			b.Fatalf("nothing has %q of %q", s.tag, s.email)
		}
	})
}

func BenchmarkSince(b *testing.B) {
	ratios(b, func(b *testing.B, dir string, _ int) func(int) {
		f := localFiles(b, dir)
		head, err := registry.ReadHead(f)
		must(b, err)
		stamp := fmt.Sprintf("%s:%d", head.Generation, head.Entries-1)
		return func(int) {
			c, err := registry.New(f).Since(b.Context(), stamp)
			must(b, err)
			if len(c.Rows) != 1 || c.Whole {
				b.Fatalf("%d rows", len(c.Rows))
			}
		}
	})
}
