package publish

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"path"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// private holds what is not for readers.
const (
	private    = ".stratus"
	lockDir    = private + "/lock"
	tmpDir     = private + "/tmp"
	journalDir = private + "/journal" // notes of publications that were interrupted
)

const (
	// beatInterval is how often the holder of the lock shows that it is there.
	beatInterval = 2 * time.Second
	// staleAfter is how long a lock does not change until its holder counts as dead.
	staleAfter = 15 * time.Second
	// pollMin and pollMax bound the waits for the lock: a directory of another host
	// does not report its changes.
	pollMin, pollMax = 20 * time.Millisecond, 200 * time.Millisecond
)

// errLost is wrapped by the errors of a writer whose lock another one has taken.
var errLost = errors.New("another writer has taken the lock")

// lock is the directory .stratus/lock, with a file in it that has the name of its
// holder. Only the file of one holder is ever removed, by its name, and the directory
// only if it is empty: so nobody can take a lock other than the one looked at.
//
// The file notes what its holder publishes. If the holder is stopped, the file moves
// into the journal, and the next writer completes the publication.
type lock struct {
	files files
	token string
	end   context.CancelFunc // of the heartbeat
	ended chan struct{}
}

// note is the file of the holder of a lock.
type note struct {
	owner
	entry.Key // that is published; its Variant is not known yet
}

const noteLimit = 4 << 10

// newToken returns a name that nobody else has.
func newToken() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// acquire takes the lock to publish an entry, or waits for it.
func (w *Writer) acquire(ctx context.Context, k entry.Key) (*lock, error) {
	body, err := json.Marshal(note{self(), k})
	if err != nil {
		return nil, err
	}
	l := &lock{files: w.files, token: newToken(), ended: make(chan struct{})}
	var watched watch
	for {
		taken, err := l.try(body)
		if err != nil {
			return nil, fmt.Errorf("locking the registry: %w", err)
		}
		if taken {
			break
		}
		broken, err := watched.look(w.files, w.stale)
		if err != nil {
			return nil, fmt.Errorf("waiting for the lock of the registry: %w", err)
		}
		if broken {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lock of the registry (%s): %w", watched.holder, ctx.Err())
		case <-time.After(pollMin + mathrand.N(pollMax-pollMin)): //nolint:gosec // jitter
		}
	}
	var beating context.Context
	beating, l.end = context.WithCancel(context.WithoutCancel(ctx))
	go l.beat(beating, w.beat)
	return l, nil
}

// try takes the lock if it is free.
func (l *lock) try(body []byte) (taken bool, err error) {
	err = l.files.Mkdir(lockDir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = l.files.MkdirAll(tmpDir); err == nil {
			err = l.files.Mkdir(lockDir)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = l.files.Create(path.Join(lockDir, l.token), body, true)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // another writer has removed the empty directory meanwhile
	}
	if err != nil {
		return false, errors.Join(err, l.files.Remove(lockDir))
	}
	if err := errors.Join(l.files.SyncDir(lockDir), l.files.SyncDir(private)); err != nil {
		return false, errors.Join(err, unlock(l.files, l.files.Remove(path.Join(lockDir, l.token))))
	}
	return true, nil
}

// beat changes the time of the holder's file until the context ends. It does not
// make the file again if it is gone.
func (l *lock) beat(ctx context.Context, every time.Duration) {
	defer close(l.ended)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	// Some file systems keep whole seconds; any other time will do.
	for t := time.Now(); ; t = t.Add(max(every, time.Second)) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = l.files.Touch(path.Join(lockDir, l.token), t) // held reports a lock that is lost
		}
	}
}

// held returns an error that wraps errLost if another writer has taken the lock.
func (l *lock) held() error {
	_, err := l.files.Lstat(path.Join(lockDir, l.token))
	if errors.Is(err, fs.ErrNotExist) {
		return errLost
	}
	return err
}

// release removes the lock, if it is not lost. With unfinished the publication
// stays in the journal.
func (l *lock) release(unfinished bool) error {
	l.end()
	<-l.ended
	if unfinished {
		return breakLock(l.files, l.token)
	}
	return unlock(l.files, l.files.Remove(path.Join(lockDir, l.token)))
}

// breakLock takes the lock away from its holder, whose publication goes into the
// journal. The token is empty if the lock has no holder.
func breakLock(f files, token string) error {
	if token == "" {
		return unlock(f, nil)
	}
	if err := f.MkdirAll(journalDir); err != nil {
		return err
	}
	return unlock(f, f.Rename(path.Join(lockDir, token), path.Join(journalDir, token)))
}

// unlock removes the directory of the lock after the file of its holder.
func unlock(f files, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another writer was first
	}
	if err != nil {
		return fmt.Errorf("unlocking the registry: %w", err)
	}
	_ = f.Remove(lockDir) // it is not empty if another writer holds it by now
	return nil
}

// watch is what a waiter has seen of a lock.
type watch struct {
	holder string // for messages
	state  string
	since  time.Time // by the waiter's clock
}

// look breaks the lock if its holder is a process of this host that has ended, or
// if it has not changed for the time given.
func (w *watch) look(f files, stale time.Duration) (broken bool, err error) {
	token, state, by, err := inspect(f)
	if err != nil {
		return false, err
	}
	w.holder = fmt.Sprintf("held by process %d of %q", by.PID, by.Host)
	if state != w.state {
		w.state, w.since = state, time.Now()
	}
	if state == "" || !by.gone() && time.Since(w.since) < stale {
		return false, nil
	}
	w.since = time.Now() // should it resist, wait before the next attempt
	return true, breakLock(f, token)
}

// inspect returns the holder of the lock and a state that changes whenever the
// holder shows that it is there; the state is empty if the lock is free.
func inspect(f files) (token, state string, by owner, err error) {
	entries, err := f.ReadDir(lockDir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", owner{}, nil
	}
	if err != nil {
		return "", "", owner{}, err
	}
	if len(entries) == 0 {
		return "", "empty", owner{}, nil
	}
	token = entries[0].Name()
	// Reading makes network file systems ask for the current time of the file, too.
	body, err := f.ReadFile(path.Join(lockDir, token), noteLimit)
	if err == nil {
		_ = json.Unmarshal(body, &by) // an owner that cannot be read is nobody known
		var info fs.FileInfo
		if info, err = f.Lstat(path.Join(lockDir, token)); err == nil {
			return token, token + info.ModTime().String(), by, nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", owner{}, nil
	case errors.Is(err, registry.ErrUnfit), errors.Is(err, fs.ErrPermission):
		return token, token, owner{}, nil
	}
	return "", "", owner{}, err
}
