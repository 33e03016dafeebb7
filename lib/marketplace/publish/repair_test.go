package publish

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// TestRepairGoesOn: making everything anew comes to its end, however short the
// contexts of publications are.
func TestRepairGoesOn(t *testing.T) {
	dir := memory(t)
	entries := population(t, 12)
	publish(t, at(localFiles(t, dir)), entries[:11]...)
	old, err := registry.ReadHead(localFiles(t, dir))
	must(t, err)
	last := entries[11]
	for name, damage := range map[string]func(dir string){
		"a torn note in the journal": func(dir string) { restore(t, dir, map[string]string{journalDir + "/token": "{"}) },
		"the head is lost":           func(dir string) { must(t, os.Remove(filepath.Join(dir, registry.HeadFile))) },
	} {
		t.Run(name, func(t *testing.T) {
			before := t.TempDir()
			must(t, os.CopyFS(before, os.DirFS(dir)))
			damage(before)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			goOn := make(chan struct{})
			r := at(&counting{files: localFiles(t, before), at: 40, do: func() { cancel(); <-goOn }})
			r.beat = time.Hour // each step is one of the repair
			_, _, err := r.Publish(ctx, last)
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "made anew, which goes on") {
				t.Errorf("got %v", err)
			}
			short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, _, err := r.Publish(short, last); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("meanwhile: %v", err)
			}
			if _, _, err := at(localFiles(t, before)).Publish(short, last); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("another registry, meanwhile: %v", err)
			}
			close(goOn)
			<-r.turn // when it is done
			r.turn <- struct{}{}
			checkComplete(t, before, entries[:11]...)
			made, err := registry.ReadHead(localFiles(t, before))
			must(t, err)
			if made.Generation == old.Generation {
				t.Error("the lists are the old ones")
			}
			publish(t, r, last)
			if after, err := registry.ReadHead(localFiles(t, before)); err != nil || after.Generation != made.Generation {
				t.Errorf("made anew twice, or %v", err)
			}
			checkComplete(t, before, entries...)
		})
	}
}

// TestLostLock: a writer that has lost the lock puts nothing in its place.
func TestLostLock(t *testing.T) {
	dir := memory(t)
	w := at(localFiles(t, dir))
	first, second := spec{image: 1}.entry(t), spec{image: 2}.entry(t)
	publish(t, w, first)
	l, err := w.acquire(t.Context(), second.Key)
	must(t, err)
	s := &session{Writer: w, reader: registry.New(w.files), lock: l}
	p, err := s.plan(t.Context(), second)
	must(t, err)
	must(t, s.stage(t.Context(), &p.batch, true))
	must(t, unlockAll(w.files))
	before := tree(t, dir)
	if err := s.commit(t.Context(), &p.batch); !errors.Is(err, errLost) {
		t.Errorf("got %v, want %v", err, errLost)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("changed (-before +after):\n%s", diff)
	}
	must(t, l.release(false))
	publish(t, w, second)
	checkComplete(t, dir, first, second)
}

// TestForeignDirectory: a directory that a writer without its lock makes is no entry
// that the log lacks.
func TestForeignDirectory(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		e := spec{image: 1}.entry(t)
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(e.Path())), 0o755))
		w := at(f)
		_, err := (&session{Writer: w, reader: registry.New(f)}).plan(t.Context(), e)
		must(t, err)
		publish(t, w, e)
		checkComplete(t, dir, e)
	})
}
