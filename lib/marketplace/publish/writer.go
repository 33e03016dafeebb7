package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/sync/errgroup"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// Writer publishes into a registry. It may be used by several goroutines, and the
// directory by several processes and hosts.
type Writer struct {
	files files
	turn  chan struct{} // has one token, for the goroutine that publishes

	// Tests change these.
	now         func() time.Time
	beat, stale time.Duration
}

// Local returns the writer of a directory of this host. The first publication makes
// the directory if it does not exist.
func Local(dir string) (*Writer, error) {
	l, err := registry.Local(dir)
	if err != nil {
		return nil, err
	}
	return newWriter(local{l}), nil
}

// SFTP is Local for a directory of another host. Its server must support the
// extension posix-rename@openssh.com.
func SFTP(c *sftp.Client, dir string) *Writer { return newWriter(distant{registry.SFTP(c, dir)}) }

func newWriter(f files) *Writer {
	w := &Writer{files: f, turn: make(chan struct{}, 1), now: time.Now, beat: beatInterval, stale: staleAfter}
	w.turn <- struct{}{}
	return w
}

// Probe returns an error if files cannot be written.
func (w *Writer) Probe() error {
	if err := w.files.MkdirAll(tmpDir); err != nil {
		return err
	}
	name := tmpDir + "/probe-" + newToken()
	if err := w.files.Create(name, []byte("ok\n"), false); err != nil {
		return err
	}
	// A publication removes what it finds there.
	if err := w.files.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// maxTries bounds how often a publication starts over because another writer has
// taken its lock.
const maxTries = 5

// Publish adds a verified entry and lists it. It returns the key under which the
// entry is, and whether the same document was there before. The error wraps an
// *entry.NotAdmitted if the rules on entry are against it.
//
// If the context ends before the entry is in its place, nothing has changed;
// afterwards Publish still completes. If everything derived has to be made anew and
// the context ends meanwhile, that goes on, and later publications wait for it.
func (w *Writer) Publish(ctx context.Context, e *entry.Entry) (key entry.Key, existed bool, err error) {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return key, false, fmt.Errorf("waiting for another publication: %w", ctx.Err())
	}
	var s *session
	for range maxTries {
		var l *lock
		if l, err = w.acquire(ctx, e.Key); err != nil {
			break
		}
		s = &session{Writer: w, reader: registry.New(w.files), lock: l}
		key, existed, err = s.publish(ctx, e)
		if s.going != nil {
			break
		}
		err = errors.Join(s.orLost(err), l.release(s.unfinished))
		if !errors.Is(err, errLost) {
			break
		}
	}
	if s == nil || s.going == nil {
		w.turn <- struct{}{}
	} else {
		go func() {
			<-s.going
			_ = s.lock.release(s.unfinished) // if that fails, the lock becomes stale
			w.turn <- struct{}{}
		}()
	}
	if err != nil {
		return key, false, fmt.Errorf("publishing %q: %w", e.Path(), err)
	}
	return key, existed, nil
}

// session is a writer that holds the lock.
type session struct {
	*Writer
	reader     *registry.Registry
	lock       *lock
	temps      atomic.Int64 // files made under .stratus/tmp
	unfinished bool         // an entry is in its place, but not listed everywhere
	// going is closed at the end of work that goes on although the context of the
	// publication has ended; nil if there is none.
	going <-chan struct{}
}

// publish completes interrupted publications and publishes the entry.
func (s *session) publish(ctx context.Context, e *entry.Entry) (key entry.Key, existed bool, err error) {
	var notes []string
	var p *plan
	var planned error
	var group errgroup.Group // at once, because each of them waits for the other host
	group.Go(s.tidy)
	group.Go(func() (err error) { notes, err = s.filesIn(journalDir); return err })
	group.Go(func() error { p, planned = s.plan(ctx, e); return nil })
	if err := group.Wait(); err != nil {
		return key, false, err
	}
	if len(notes) > 0 || errors.Is(planned, registry.ErrBroken) {
		if err := s.repair(ctx, notes, errors.Is(planned, registry.ErrBroken)); err != nil {
			return key, false, fmt.Errorf("repairing the registry: %w", err)
		}
		p, planned = s.plan(ctx, e)
	}
	if planned != nil {
		return key, false, planned
	}
	if p.existed && p.listed {
		return p.entry.Key, true, nil
	}
	if err := s.stage(ctx, &p.batch, true); err != nil {
		return key, false, err
	}
	return p.entry.Key, p.existed, s.commit(ctx, &p.batch)
}

// orLost adds errLost to an error that comes from a lock that is not held any more:
// its new holder has removed the temporary files.
func (s *session) orLost(err error) error {
	if err == nil || errors.Is(err, errLost) {
		return err
	}
	if lost := s.lock.held(); errors.Is(lost, errLost) {
		return errors.Join(lost, err)
	}
	return err
}

// tidy removes the temporary files of other writers, which cannot go on without them.
func (s *session) tidy() error {
	left, err := s.filesIn(tmpDir)
	if err != nil {
		return err
	}
	return s.remove(context.Background(), left)
}

// filesIn returns the paths of the files in a directory, which it makes if it does not
// exist. Writers make no directories there.
func (s *session) filesIn(dir string) (names []string, err error) {
	entries, err := s.files.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.files.MkdirAll(dir)
	}
	for _, d := range entries {
		if !d.IsDir() {
			names = append(names, path.Join(dir, d.Name()))
		}
	}
	return names, err
}

// repair completes the publications in the journal, or makes everything derived anew.
// It goes on after the context ends, so that it is completed although publications
// are given up meanwhile.
func (s *session) repair(ctx context.Context, notes []string, broken bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = s.complete(context.WithoutCancel(ctx), notes, broken)
	}()
	select {
	case <-done:
		return err
	case <-ctx.Done():
		s.going = done
		return fmt.Errorf("the lists of the registry are being made anew, which goes on: %w", ctx.Err())
	}
}

func (s *session) complete(ctx context.Context, notes []string, broken bool) error {
	for _, name := range notes {
		if broken {
			break
		}
		var n note
		body, err := s.files.ReadFile(name, noteLimit)
		if err != nil && !errors.Is(err, registry.ErrUnfit) {
			return err
		}
		if err != nil || json.Unmarshal(body, &n) != nil || n.Created == "" {
			broken = true // it may be about anything
			break
		}
		err = s.relist(ctx, n.Key)
		if broken = errors.Is(err, registry.ErrBroken); err != nil && !broken {
			return fmt.Errorf("listing %q, whose publication was interrupted: %w", n.Path(), err)
		}
	}
	if broken {
		if err := s.rebuild(ctx); err != nil {
			return err
		}
	}
	return s.remove(ctx, notes)
}

// relist lists the entries of one image, address and second that are there. What the
// writer got done before it was stopped is found and kept.
func (s *session) relist(ctx context.Context, of entry.Key) error {
	if _, err := entry.ParseKey(of.Identifier, of.Email, of.Created); err != nil {
		return nil //nolint:nilerr // no writer of this package publishes it
	}
	keys, err := s.reader.Keys(ctx, of.Identifier, of.Email)
	if err != nil {
		return err
	}
	for _, k := range slices.DeleteFunc(keys, func(k entry.Key) bool { return k.Created != of.Created }) {
		e, err := s.reader.Verified(ctx, k)
		if errors.Is(err, entry.ErrInvalid) {
			continue
		}
		if err != nil {
			return err
		}
		p, err := s.plan(ctx, e)
		if err != nil {
			return err
		}
		if err := s.stage(ctx, &p.batch, true); err != nil {
			return err
		}
		if err := s.commit(ctx, &p.batch); err != nil {
			return err
		}
	}
	return nil
}
