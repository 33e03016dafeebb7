package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// TestWriters: processes and goroutines publish into one tree, over SFTP and
// directly. Readers see no half of anything meanwhile.
func TestWriters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "registry")
	server := sshdtest.Start(t)
	const writers = 20
	entries := make([]*entry.Entry, writers)
	for i := range entries {
		entries[i] = spec{image: i / 2, at: i, email: fmt.Sprintf("e%d@example.org", i%4), tag: fmt.Sprint(i % 3)}.entry(t)
	}
	own := at(localFiles(t, dir))
	far := at(distant{registry.SFTP(dial(t, server).Client, dir)})
	var group sync.WaitGroup
	for i, e := range entries {
		j := job{Dir: dir, Documents: []string{writeDocument(t, e.Source)}}
		switch i % 5 {
		case 0:
			j.Host, j.Port, j.User, j.Key, j.KnownHosts = server.Host, server.Port, server.User, server.Key, server.KnownHosts
			fallthrough
		case 1:
			process := j.start(t)
			group.Go(func() {
				if err := process.Wait(); err != nil {
					t.Errorf("process of %s: %v", e.Path(), err)
				}
			})
		default:
			r := []*Writer{own, far, at(localFiles(t, dir))}[i%5-2]
			group.Go(func() {
				if _, _, err := r.Publish(t.Context(), e); err != nil {
					t.Error(err)
				}
			})
		}
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		default:
			if _, err := os.Stat(dir); err == nil {
				checkReadable(t, dir)
			}
		}
	}
	checkComplete(t, dir, entries...)
}

// TestDiskFull fills the disk at every possible point of a publication.
func TestDiskFull(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		must(t, os.MkdirAll(dir, 0o755))
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
			peers.Missing(t, "mounting a tmpfs: "+err.Error())
		}
		t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
		r := at(f)
		first, second := spec{image: 1, tag: "a"}.entry(t), spec{image: 1, at: 1, tag: "b"}.entry(t)
		publish(t, r, first)
		before := tree(t, dir)
		ballast := filepath.Join(dir, ".ballast")
		failures := 0
		for room := 0; ; room += 8 << 10 {
			fill(t, ballast, room)
			_, _, err := r.Publish(t.Context(), second)
			must(t, os.Remove(ballast))
			if err == nil {
				break
			}
			failures++
			if dir := filepath.Join(dir, second.Path()); strings.Contains(err.Error(), "is published, but") {
				if _, err := os.Stat(dir); err != nil {
					t.Error(err)
				}
			} else if after := tree(t, filepath.Dir(ballast)); len(after) != len(before) {
				t.Errorf("%v: %d files, want %d as before", err, len(after), len(before))
			}
			checkReadable(t, filepath.Dir(ballast))
		}
		if failures < 3 {
			t.Errorf("the disk was full %d times only", failures)
		}
		checkComplete(t, dir, first, second)
	})
}

// fill writes a file that leaves so many bytes of a file system.
func fill(t *testing.T, name string, room int) {
	t.Helper()
	f, err := os.Create(name)
	must(t, err)
	defer f.Close()
	var free unix.Statfs_t
	must(t, unix.Statfs(name, &free))
	blocks := int64(free.Bavail) - int64(room)/free.Bsize
	if _, err := f.Write(make([]byte, max(blocks, 0)*free.Bsize)); err != nil {
		t.Fatal(err)
	}
}

// TestServerKilled kills the SFTP server at some of the changes of a writer.
func TestServerKilled(t *testing.T) {
	server := sshdtest.Start(t)
	first, second, third := spec{image: 1}.entry(t), spec{image: 2, at: 1}.entry(t), spec{image: 3, at: 2}.entry(t)
	for step := 1; ; step += 7 {
		dir := filepath.Join(memory(t), "registry")
		publish(t, at(localFiles(t, dir)), first)
		r := at(nil)
		r.files = &counting{files: distant{registry.SFTP(dial(t, server).Client, dir)}, at: int64(step), do: server.Kill}
		_, _, err := r.Publish(t.Context(), second)
		if err == nil {
			break
		}
		checkReadable(t, dir)
		_, gone := os.Stat(filepath.Join(dir, second.Path()))
		// The writer is alive, and only its session is gone: its lock says no
		// more.
		next := at(distant{registry.SFTP(dial(t, server).Client, dir)})
		next.stale = 100 * time.Millisecond
		publish(t, next, third)
		if gone == nil {
			checkComplete(t, dir, first, second, third)
		} else {
			checkComplete(t, dir, first, third)
		}
		if t.Failed() {
			t.Fatalf("killed at step %d", step)
		}
	}
}

func TestStaleLocks(t *testing.T) {
	dead := self()
	dead.Started = "1"
	foreign := owner{Host: "elsewhere", System: "other", PID: 1}
	tests := map[string]struct {
		by     *owner // nil is a lock without an owner
		stale  time.Duration
		breaks bool
	}{
		"of a process of this host that has ended": {&dead, time.Hour, true},
		"of a process of this host":                {ptr(self()), time.Hour, false},
		"of a host that is gone":                   {&foreign, 300 * time.Millisecond, true},
		"of a host that is there":                  {&foreign, time.Hour, false},
		"of nobody, stale":                         {nil, 300 * time.Millisecond, true},
		"of nobody, new":                           {nil, time.Hour, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.MkdirAll(filepath.Join(dir, lockDir), 0o755))
			if test.by != nil {
				body, err := json.Marshal(test.by)
				must(t, err)
				must(t, os.WriteFile(filepath.Join(dir, lockDir, "token"), body, 0o600))
			}
			r := at(localFiles(t, dir))
			r.stale = test.stale
			e := spec{image: 1}.entry(t)
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			defer cancel()
			if test.breaks {
				ctx = t.Context()
			}
			_, _, err := r.Publish(ctx, e)
			if test.breaks {
				must(t, err)
				checkComplete(t, dir, e)
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want that the time is over", err)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

// TestHeartbeat: a writer that takes long keeps its lock, and one that has lost
// it starts over.
func TestHeartbeat(t *testing.T) {
	both(t, func(t *testing.T, f files, dir string) {
		r := at(f)
		r.beat = 20 * time.Millisecond
		l, err := r.acquire(t.Context(), entry.Key{})
		must(t, err)
		other := at(localFiles(t, dir))
		other.stale = 4 * time.Second // some servers keep whole seconds only
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		if _, err := other.acquire(ctx, entry.Key{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a lock that is held: %v", err)
		}
		must(t, l.held())
		must(t, l.release(false))

		// Somebody takes the lock for stale when the writer is about to begin.
		taken := spec{image: 1, at: 1}.entry(t)
		var once atomic.Bool
		thief := &counting{files: f, at: 12, do: func() {
			if once.CompareAndSwap(false, true) {
				must(t, unlockAll(localFiles(t, dir)))
				publish(t, at(localFiles(t, dir)), taken)
			}
		}}
		mine := spec{image: 2, at: 2}.entry(t)
		publish(t, at(thief), mine)
		if !once.Load() {
			t.Error("nobody has taken the lock")
		}
		checkComplete(t, dir, taken, mine)
	})
}

// unlockAll breaks the lock of any holder.
func unlockAll(f files) error {
	token, _, _, err := inspect(f)
	if err != nil {
		return err
	}
	return breakLock(f, token)
}
