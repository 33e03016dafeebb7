package fetch

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/cache"
)

func TestBound(t *testing.T) {
	dir := t.TempDir()
	c := NewCache(cache.Dirs{Images: dir}, 250<<10)
	writeFile(t, dir+"/not-ours", 1<<20)
	for n := 1; n <= 3; n++ {
		i := put(t, NewCache(cache.Dirs{Images: dir}, math.MaxInt64), name(n), 100<<10)
		// The time of the last use, in the order of n.
		used := time.Now().Add(time.Duration(n-10) * time.Hour)
		if err := os.Chtimes(i.Lock.Name(), used, used); err != nil {
			t.Fatal(err)
		}
		done(t, i)
	}
	i, err := c.Acquire(t.Context(), name(1), nil) // uses the oldest again
	if err != nil || !i.Present {
		t.Fatalf("got %+v, %v", i, err)
	}
	done(t, i)
	if got := fmt.Sprint(images(t, dir)); got != "[1 1.lock 3 3.lock]" {
		t.Errorf("kept: %v", got)
	}
	if _, err := os.Stat(dir + "/not-ours"); err != nil {
		t.Error(err)
	}
}

func TestParts(t *testing.T) {
	dir := t.TempDir()
	c := NewCache(cache.Dirs{Images: dir}, 250<<10)
	part := func(n int) *Item {
		t.Helper()
		i, err := c.Acquire(t.Context(), name(n), nil)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, i.Part, 100<<10)
		return i
	}
	i := part(1)
	done(t, i)
	if got := fmt.Sprint(images(t, dir)); got != "[1.lock 1.part]" {
		t.Errorf("kept: %v", got)
	}
	if _, err := (cache.Dirs{Images: dir}).Prune(250<<10, time.Now().Add(8*24*time.Hour)); err != nil {
		t.Error(err)
	}
	if got := images(t, dir); len(got) > 0 {
		t.Errorf("kept after a week: %v", got)
	}
	done(t, part(1), part(2), part(3))
	if got := images(t, dir); len(got) != 4 {
		t.Errorf("kept: %v, want two parts", got)
	}
}
