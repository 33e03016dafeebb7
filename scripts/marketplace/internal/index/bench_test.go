package index

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/peers"
)

// many returns what a Marketplace of n images has, in the order of a registry.
func many(n int) []entry.Summary {
	var all []entry.Summary
	for i := n; i > 0; i-- {
		all = append(all, summary(i, fmt.Sprintf("user%d@example.org", i%44), i, func(s *entry.Summary) {
			s.Title = fmt.Sprintf("Web server number %d", i)
			s.Description = strings.Repeat(fmt.Sprintf("A server of the %d. kind, ready to use. ", i), 5)
			s.Subject, s.Issuer = fmt.Sprintf("CN=User %d,O=Example,C=EU", i%44), "CN=Example Authority,C=EU"
			s.Fingerprint = fmt.Sprintf("%064d", i%44)
			s.Locations = []string{fmt.Sprintf("http://images.example.org/%d/image.qcow2.gz", i)}
		}))
	}
	return all
}

const entries = 100_000

// TestMemory bounds the memory that the index of a large Marketplace takes.
func TestMemory(t *testing.T) {
	if peers.RaceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := new(Index)
	func() { x.Replace(many(entries)) }()
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc-before.HeapAlloc) >> 20
	t.Logf("%d entries take %d MiB", x.Len(), used)
	if used > 200 {
		t.Errorf("%d entries take %d MiB, want at most 200", x.Len(), used)
	}
	runtime.KeepAlive(x)
}

func BenchmarkFind(b *testing.B) {
	x := filled(many(entries)...)
	for name, expr := range map[string]string{
		"word": "number 777", "absent": "nowhere", "expression": "number [0-9]*77 ?$", "anything": "[a-z]+ server", "none": "",
	} {
		p, err := Expression(expr)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				q := Query{Search: p, Query: entry.Query{Status: entry.Valid}, Limit: 50}
				if _, err := x.Find(context.Background(), q, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("sorted", func(b *testing.B) {
		for b.Loop() {
			_, _ = x.Find(context.Background(), Query{Limit: 50, Column: func(s entry.Summary) string { return s.Title }}, noon)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	x := filled(many(entries)...)
	n := entries
	for b.Loop() {
		n++
		x.Add([]entry.Summary{summary(n, "new@example.org", n)})
	}
}
