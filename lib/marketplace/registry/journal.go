package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// journal says what a writer is doing. Every writer has a file of its own, so
// that one that wakes up late cannot remove that of another.
type journal struct {
	entry.Key      // of the entry that is being listed
	Rebuild   bool `json:"rebuild,omitempty"` // everything derived is being made anew
}

const journalLimit = 4 << 10

func (w *writer) journalName() string { return journalDir + "/" + w.lock.token }

// note writes the journal, after which the lock must still be held.
func (w *writer) note(j journal) error {
	body, err := json.Marshal(j)
	if err != nil {
		return err
	}
	temp := w.tempName()
	if err := w.files.Create(temp, body, true); err != nil {
		return err
	}
	if err := w.files.Rename(temp, w.journalName()); err != nil {
		return errors.Join(err, w.files.Remove(temp))
	}
	if err := w.files.SyncDir(journalDir); err != nil {
		return errors.Join(err, w.forget())
	}
	// Another writer would have removed the temporary files by now, without
	// which nothing can be put in its place.
	if err := w.lock.held(); err != nil {
		return errors.Join(err, w.forget())
	}
	return nil
}

// forget removes the journal.
func (w *writer) forget() error {
	err := w.files.Remove(w.journalName())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// repair finishes what an earlier writer was stopped in.
func (w *writer) repair(ctx context.Context) error {
	if err := w.tidy(); err != nil {
		return err
	}
	notes, err := w.names(journalDir, fs.FileMode.IsRegular, func(string) bool { return true })
	if err != nil {
		return err
	}
	whole, err := w.needsRebuild()
	if err != nil {
		return err
	}
	var keys []entry.Key
	for _, name := range notes {
		j, err := w.readJournal(path.Join(journalDir, name))
		if err != nil {
			return err
		}
		whole = whole || j.Rebuild
		keys = append(keys, j.Key)
	}
	if !whole && len(notes) == 0 {
		return nil
	}
	return w.finish(ctx, func(ctx context.Context) error {
		do := w.rebuild
		if !whole {
			do = func(ctx context.Context) error { return w.relist(ctx, keys) }
		}
		if err := do(ctx); err != nil {
			return err
		}
		return w.forgetAll(notes)
	})
}

// forgetAll removes the journals of other writers.
func (w *writer) forgetAll(notes []string) error {
	for _, name := range notes {
		if err := w.files.Remove(path.Join(journalDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tidy removes the temporary files of others, who cannot go on without them.
func (w *writer) tidy() error {
	for _, dir := range []string{tmpDir, journalDir} {
		if err := w.files.MkdirAll(dir); err != nil {
			return err
		}
	}
	left, err := w.files.ReadDir(tmpDir)
	if err != nil {
		return err
	}
	for _, e := range left {
		err := w.files.Remove(path.Join(tmpDir, e.Name()))
		// No writer makes directories there.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !e.IsDir() {
			return err
		}
	}
	return nil
}

// readJournal reads what a writer was doing. One that cannot be read is about
// anything.
func (w *writer) readJournal(name string) (journal, error) {
	var j journal
	body, err := w.files.ReadFile(name, journalLimit)
	if err != nil && !errors.Is(err, errUnfit) {
		return j, err
	}
	if err != nil || json.Unmarshal(body, &j) != nil {
		j.Rebuild = true
	}
	return j, nil
}

// relist lists those entries that are there. All that a writer got done before
// it was stopped is found and kept.
func (w *writer) relist(ctx context.Context, keys []entry.Key) error {
	for _, k := range keys {
		if _, err := entry.ParseKey(k.Identifier, k.Email, k.Created); err != nil {
			continue
		}
		e, err := w.verified(ctx, k)
		if errors.Is(err, entry.ErrInvalid) {
			continue // it has not come so far
		}
		if err == nil {
			err = w.list(ctx, e)
		}
		if err != nil {
			return fmt.Errorf("listing %q, whose publication was interrupted: %w", k.Path(), err)
		}
	}
	return nil
}

// needsRebuild tells whether the list of all entries is lost.
func (w *writer) needsRebuild() (bool, error) {
	s, err := w.state(entry.Root)
	if errors.Is(err, errBroken) {
		return true, nil
	}
	if err != nil || s.Pages > 0 {
		return false, err
	}
	images, err := w.names(entry.Root, fs.FileMode.IsDir, entry.IsIdentifier)
	return len(images) > 0, err
}
