package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"time"
)

// private holds what is not for readers.
const (
	private    = ".stratus"
	lockDir    = private + "/lock"
	tmpDir     = private + "/tmp"
	journalDir = private + "/journal"
)

const (
	// beatInterval is how often the holder of the lock shows that it is there.
	beatInterval = 2 * time.Second
	// staleAfter is how long a lock does not change before others take the
	// holder for dead.
	staleAfter = 15 * time.Second
	// pollMin and pollMax bound the waits for the lock: a directory of another
	// host tells nobody when it changes.
	pollMin, pollMax = 20 * time.Millisecond, 200 * time.Millisecond
)

// errLost is wrapped by the errors of a writer whose lock another has taken.
var errLost = errors.New("another writer has taken the lock")

// lock is the directory .stratus/lock, with a file in it that has the name of
// its holder. Only the file of one holder is ever removed, by its name, and the
// directory only if it is empty: so nobody can take the lock of another by
// mistake than the one looked at.
type lock struct {
	files Files
	token string
	end   context.CancelFunc // of the heartbeat
	ended chan struct{}
}

// newToken is a name that nobody else has.
func newToken() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// acquire takes the lock, or waits for it.
func (r *Registry) acquire(ctx context.Context) (*lock, error) {
	body, err := json.Marshal(self())
	if err != nil {
		return nil, err
	}
	l := &lock{files: r.files, token: newToken(), ended: make(chan struct{})}
	var watched watch
	for {
		taken, err := l.try(body)
		if err != nil {
			return nil, fmt.Errorf("locking the registry: %w", err)
		}
		if taken {
			break
		}
		broken, err := watched.look(r.files, r.stale)
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
	go l.beat(beating, r.beat)
	return l, nil
}

// try takes the lock if nobody has it.
func (l *lock) try(body []byte) (taken bool, err error) {
	err = l.files.Mkdir(lockDir)
	if errors.Is(err, fs.ErrNotExist) {
		for _, dir := range []string{tmpDir, journalDir} {
			if err := l.files.MkdirAll(dir); err != nil {
				return false, err
			}
		}
		err = l.files.Mkdir(lockDir)
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = l.files.Create(lockDir+"/"+l.token, body, false)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // it took so long that somebody has tidied up
	}
	if err != nil {
		return false, errors.Join(err, l.files.Remove(lockDir))
	}
	return true, nil
}

// beat changes the time of the holder's file until the context ends. The file
// is not made again if it is gone.
func (l *lock) beat(ctx context.Context, every time.Duration) {
	defer close(l.ended)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	// Some file systems keep whole seconds; it need not be the right time.
	for t := time.Now(); ; t = t.Add(max(every, time.Second)) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// If this does not work, held finds out.
			_ = l.files.Touch(lockDir+"/"+l.token, t)
		}
	}
}

// held makes sure that nobody has taken the lock; errors wrap errLost.
func (l *lock) held() error {
	_, err := l.files.Lstat(lockDir + "/" + l.token)
	if errors.Is(err, fs.ErrNotExist) {
		return errLost
	}
	return err
}

// release gives the lock back. That it was lost by now does not matter.
func (l *lock) release() error {
	l.end()
	<-l.ended
	return unlock(l.files, l.token)
}

func unlock(files Files, token string) error {
	if token != "" {
		err := files.Remove(lockDir + "/" + token)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody else was first
		}
		if err != nil {
			return fmt.Errorf("unlocking the registry: %w", err)
		}
	}
	// If somebody else is in it by now, it is not empty.
	_ = files.Remove(lockDir)
	return nil
}

// watch is what a waiter has seen of a lock.
type watch struct {
	holder string // for messages
	state  string
	since  time.Time // by the waiter's clock
}

// look breaks the lock if its holder is a process of this host that has ended,
// or if it has not changed for the time given.
func (w *watch) look(files Files, stale time.Duration) (broken bool, err error) {
	token, state, by, err := inspect(files)
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
	w.since = time.Now() // should it resist, not over and over again
	return true, unlock(files, token)
}

// inspect gives who has the lock, and a state that differs whenever the holder
// has shown that it is there; empty if nobody has it.
func inspect(files Files) (token, state string, by owner, err error) {
	entries, err := files.ReadDir(lockDir)
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
	const ownerLimit = 4 << 10
	// Reading makes network file systems ask for the time of now, too.
	body, err := files.ReadFile(lockDir+"/"+token, ownerLimit)
	if err == nil {
		_ = json.Unmarshal(body, &by) // one that cannot be read is nobody known
		var info fs.FileInfo
		if info, err = files.Lstat(lockDir + "/" + token); err == nil {
			return token, token + info.ModTime().String(), by, nil
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", owner{}, nil
	case errors.Is(err, errUnfit), errors.Is(err, fs.ErrPermission):
		return token, token, owner{}, nil
	}
	return "", "", owner{}, err
}
