package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// TestRepairGoesOn: making everything anew comes to its end, however short the
// contexts of publications are.
func TestRepairGoesOn(t *testing.T) {
	dir := memory(t)
	entries := population(t, 12)
	publish(t, at(localFiles(t, dir)), entries[:11]...)
	old, err := at(localFiles(t, dir)).state(entry.Root)
	must(t, err)
	last := entries[11]
	for name, damage := range map[string]string{
		"found before publishing": "metadata/log.json",
		"found by publishing":     entry.Root + "/" + last.Email + "/log.json",
	} {
		t.Run(name, func(t *testing.T) {
			before := t.TempDir()
			must(t, os.CopyFS(before, os.DirFS(dir)))
			must(t, os.Remove(filepath.Join(before, damage)))
			// Of a writer that was killed.
			must(t, os.WriteFile(filepath.Join(before, journalDir, "token"), []byte("{"), 0o600))
			if name == "found by publishing" {
				must(t, os.Remove(filepath.Join(before, journalDir, "token")))
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			goOn := make(chan struct{})
			r := at(&counting{Files: localFiles(t, before), at: 40, do: func() { cancel(); <-goOn }})
			if _, err := r.Publish(ctx, last); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "made anew, which goes on") {
				t.Errorf("got %v", err)
			}
			short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := r.Publish(short, last); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("meanwhile: %v", err)
			}
			if _, err := at(localFiles(t, before)).Publish(short, last); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("another registry, meanwhile: %v", err)
			}
			close(goOn)
			<-r.turn // when it is done
			r.turn <- struct{}{}
			checkComplete(t, before, entries[:11]...)
			made, err := r.state(entry.Root)
			must(t, err)
			if made.Generation == old.Generation {
				t.Error("the lists are the old ones")
			}
			publish(t, r, last)
			if after, err := r.state(entry.Root); err != nil || after.Generation != made.Generation {
				t.Errorf("made anew twice, or %v", err)
			}
			checkComplete(t, before, entries...)
		})
	}
}

// TestLostLockDrops: who has lost the lock takes no file away.
func TestLostLockDrops(t *testing.T) {
	dir := memory(t)
	r := at(localFiles(t, dir))
	publish(t, r, spec{image: 1}.entry(t))
	l, err := r.acquire(t.Context())
	must(t, err)
	w := &writer{Registry: r, lock: l}
	b := &batch{}
	const name = "metadata/index.xml"
	b.drop(name)
	must(t, unlockAll(r.files))
	if err := w.place(b, asIndex); !errors.Is(err, errLost) {
		t.Errorf("got %v, want %v", err, errLost)
	}
	_, err = os.Stat(filepath.Join(dir, name))
	must(t, err)
	must(t, l.release())
	l, err = r.acquire(t.Context())
	must(t, err)
	must(t, (&writer{Registry: r, lock: l}).place(b, asIndex))
	if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("with the lock: %v", err)
	}
	must(t, l.release())
}

// TestManyEndorsers: what is written of endorsers can be read again, and a list
// that is too long is replaced.
func TestManyEndorsers(t *testing.T) {
	dir := memory(t)
	r := at(localFiles(t, dir))
	var known []endorser
	for i := range maxEndorsers + 10 {
		s := entry.Summary{Subject: fmt.Sprintf("CN=%d", i) + strings.Repeat("é\x01", 500), Issuer: strings.Repeat("\x01", 1000)}
		s.Email = fmt.Sprintf("e%d@%s", i, strings.Repeat("x", 200))
		known = append(known, endorserOf(s))
	}
	b := &batch{}
	must(t, putEndorsers(b, known))
	for _, c := range b.changes {
		must(t, r.files.MkdirAll(filepath.Dir(c.name)))
		must(t, os.WriteFile(filepath.Join(dir, c.name), c.body, 0o600))
	}
	got, err := r.endorsers()
	must(t, err)
	if len(got) != maxEndorsers || got[0].Email != known[10].Email || got[len(got)-1].Email != known[len(known)-1].Email {
		t.Errorf("%d endorsers, from %+v to %+v", len(got), got[0], got[len(got)-1])
	}

	first, second := spec{image: 1}.entry(t), spec{image: 2, at: 1, email: "b@example.org"}.entry(t)
	publish(t, r, first)
	must(t, os.Truncate(filepath.Join(dir, endorsersDir, "index.json"), endorsersLimit+1))
	publish(t, r, second)
	got, err = r.endorsers()
	if err != nil || len(got) != 2 || got[1].Email != second.Email {
		t.Errorf("got %+v, %v", got, err)
	}
	checkComplete(t, dir, first, second)
}
