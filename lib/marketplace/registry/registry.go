// Package registry keeps a Marketplace in a directory, on this host or on
// another, that any web server can serve: its paths are those of the API.
//
// It must not know of HTTP, of how to reach a host, or whom anybody trusts.
//
// # The directory
//
//	metadata/ID/EMAIL/CREATED             the signed document, exactly as signed
//	metadata/ID/EMAIL/CREATED.html .json  what it says
//
// Everything else is derived from these and can be lost. A scope is a directory
// that lists the entries its name stands for, as index.xml (valid ones),
// index.all.xml, index.expired.xml, index.deprecated.xml, index.json and
// index.html; statuses are those of the time of writing. Scopes with few
// entries list all of them: metadata/ID, metadata/ID/EMAIL, metadata/CREATED,
// metadata/ID/CREATED and metadata/EMAIL/CREATED. Those with many are logs:
// metadata, metadata/EMAIL and tag/EMAIL/TAG. A log has pages in the order of
// arrival, page/0.json (summaries), page/0.xml (documents) and so on, of which
// all but the newest never change, and log.json, which is written last. It
// lists the two newest pages. Of a series (see entry.Series) a listing has the
// newest entry only; pages have all.
//
// # Writing
//
// One writer at a time holds .stratus/lock. It writes all new files under
// .stratus/tmp, notes the entry in .stratus/journal, renames the entry into its
// place and then everything else. Whatever stops a writer, there is either
// nothing to be seen of its entry, or the entry is in its place and the next
// writer lists it. What is made anew from all entries is finished even if the
// publication that found it broken is given up.
package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/signature"
)

// Registry is a directory of entries. It may be used by several goroutines, and
// the directory by several processes and hosts.
type Registry struct {
	files Files
	base  string
	turn  chan struct{} // has one token, for the one of this Registry that writes

	// Tests change these.
	now         func() time.Time
	beat, stale time.Duration
}

// New makes a registry of a directory. base is the URL of it, which URL begins
// with; it may be empty.
func New(f Files, base string) *Registry {
	r := &Registry{files: f, base: base, turn: make(chan struct{}, 1), now: time.Now, beat: beatInterval, stale: staleAfter}
	if base != "" {
		r.base = strings.TrimRight(base, "/") + "/"
	}
	r.turn <- struct{}{}
	return r
}

// URL is the address of an entry, or its path if the registry has no URL.
func (r *Registry) URL(k entry.Key) string { return r.base + k.URLPath() }

// Read gives the bytes of an entry, unverified. The error wraps fs.ErrNotExist
// if there is none.
func (r *Registry) Read(ctx context.Context, k entry.Key) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	src, err := r.files.ReadFile(k.Path(), signature.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("reading an entry: %w", err)
	}
	return src, nil
}

// maxTries bounds how often a publication starts over because another writer
// has taken its lock for a stale one.
const maxTries = 5

// Publish adds an entry and lists it. existed tells that it was there, every
// byte of it. The error wraps an *entry.NotAdmitted if the rules on entry are
// against it. If the context ends before the entry is in its place, nothing is
// to be seen of it; afterwards Publish still finishes. An entry is to be seen
// after an error only if writing the lists of it failed; publishing it again
// or publishing another completes them. If everything derived has to be made
// anew and the context ends meanwhile, that goes on, and others wait for it.
func (r *Registry) Publish(ctx context.Context, e *entry.Entry) (existed bool, err error) {
	select {
	case <-r.turn:
	case <-ctx.Done():
		return false, fmt.Errorf("waiting for another publication: %w", ctx.Err())
	}
	var busy <-chan struct{}
	for range maxTries {
		existed, busy, err = r.publishLocked(ctx, e)
		if busy != nil || !errors.Is(err, errLost) {
			break
		}
	}
	if busy == nil {
		r.turn <- struct{}{}
	} else {
		go func() { <-busy; r.turn <- struct{}{} }()
	}
	if err != nil {
		return false, fmt.Errorf("publishing %q: %w", e.Path(), err)
	}
	return existed, nil
}

// publishLocked takes the lock and publishes. If something goes on after the
// context has ended, busy is closed when that has given the lock back;
// otherwise it is nil.
func (r *Registry) publishLocked(ctx context.Context, e *entry.Entry) (existed bool, busy <-chan struct{}, err error) {
	l, err := r.acquire(ctx)
	if err != nil {
		return false, nil, err
	}
	w := &writer{Registry: r, lock: l}
	if err = w.repair(ctx); err != nil {
		err = fmt.Errorf("repairing the registry: %w", err)
	} else {
		existed, err = w.add(ctx, e)
	}
	if w.going == nil {
		err = w.orLost(err)
		return existed, nil, errors.Join(err, l.release())
	}
	released := make(chan struct{})
	go func() {
		defer close(released)
		<-w.going
		_ = l.release() // if that fails, others find the lock stale
	}()
	return false, released, err
}

// writer is a registry whose lock is held.
type writer struct {
	*Registry
	lock  *lock
	temps atomic.Int64 // files made under .stratus/tmp
	// going is closed at the end of what goes on although the context of the
	// publication has ended; nil if nothing does.
	going <-chan struct{}
}

// finish does what must come to its end, however often publications are given
// up meanwhile: it goes on after the context. If it fails then, the journal
// makes the next writer do it again.
func (w *writer) finish(ctx context.Context, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = do(context.WithoutCancel(ctx))
	}()
	select {
	case <-done:
		return err
	case <-ctx.Done():
		w.going = done
		return fmt.Errorf("the lists of the registry are being made anew, which goes on: %w", ctx.Err())
	}
}

// orLost tells whether an error comes from a lock that is not held any more:
// its new holder has removed the temporary files.
func (w *writer) orLost(err error) error {
	if err == nil || errors.Is(err, errLost) {
		return err
	}
	if lost := w.lock.held(); errors.Is(lost, errLost) {
		return errors.Join(lost, err)
	}
	return err
}

// add publishes an entry, unless it is there.
func (w *writer) add(ctx context.Context, e *entry.Entry) (existed bool, err error) {
	there, err := w.files.ReadFile(e.Path(), signature.MaxBytes)
	if err == nil && bytes.Equal(there, e.Source) {
		_, err := w.files.Lstat(e.Path() + ".html") // written last
		if errors.Is(err, fs.ErrNotExist) {
			err = w.list(ctx, e)
		}
		return true, err
	}
	taken := err == nil || errors.Is(err, errUnfit)
	if !taken && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	latest, err := w.latestOf(ctx, e.Series())
	if err != nil {
		return false, err
	}
	if err := e.Admit(latest, w.now()); err != nil {
		return false, err
	}
	if taken {
		return false, entry.NotAdmittedf("older than latest entry: got %s, there is another of that second; sign it again", e.Created)
	}
	return false, w.list(ctx, e)
}
