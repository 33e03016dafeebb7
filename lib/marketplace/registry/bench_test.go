package registry

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// sizes are the numbers of entries with which the cost is compared.
var sizes = []int{100, 10_000, 100_000}

// grown makes registries of so many entries, once for all benchmarks. Entries
// and logs are made as by a rebuild; of the small scopes there are the
// directories only, which is what later publications meet.
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
	must(b, some(b.Context(), n, func(_ context.Context, i int) error {
		e := grownSpec(i).entry(b)
		for _, sc := range smallScopes(e.Key) {
			if err := os.MkdirAll(filepath.Join(dir, sc.dir), dirMode); err != nil {
				return err
			}
		}
		return os.WriteFile(filepath.Join(dir, e.Path()), e.Source, fileMode)
	}))
	r := at(localFiles(b, dir))
	l, err := r.acquire(b.Context())
	must(b, err)
	w := &writer{Registry: r, lock: l}
	must(b, w.tidy())
	re := &rebuilding{writer: w, at: now, old: map[entry.Key]string{}}
	must(b, re.collect(b.Context()))
	must(b, re.logs(b.Context()))
	must(b, l.release())
	b.Logf("%d entries made in %v", n, time.Since(begin).Round(time.Millisecond))
	grown.dirs[n] = dir
	return dir
}

// grownSpec is an entry of 50 endorsers with 10 tags each.
func grownSpec(i int) spec {
	return spec{image: i, at: i % 50, email: fmt.Sprintf("endorser%d@example.org", i%50), tag: fmt.Sprintf("tag-%d", i/50%10)}
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
		r := at(localFiles(b, dir))
		ids := make([]string, min(n, 100))
		for i := range ids {
			ids[i] = grownSpec(i * n / len(ids)).entry(b).Identifier
		}
		return func(i int) {
			if got := found(b, r, entry.Query{Identifier: ids[i%len(ids)], Status: entry.Valid}); len(got) != 1 {
				b.Fatalf("found %q", got)
			}
		}
	})
}

func BenchmarkSince(b *testing.B) {
	ratios(b, func(b *testing.B, dir string, _ int) func(int) {
		r := at(localFiles(b, dir))
		s, err := r.state(entry.Root)
		must(b, err)
		stamp := fmt.Sprintf("%s:%d", s.Generation, s.Entries-1)
		return func(int) {
			c, err := r.Since(b.Context(), stamp)
			must(b, err)
			if len(c.Rows) != 1 || c.Whole {
				b.Fatalf("%d rows", len(c.Rows))
			}
		}
	})
}
