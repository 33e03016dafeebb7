package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// parallel is how many files are written at once: over a network most of the
// time goes by waiting.
const parallel = 8

// phase orders the changes of a batch. All of one phase are made before any of
// the next.
type phase int

const (
	asEntry phase = iota // the entry; all that follows can be made again
	asIndex
	asLog  // what leads readers to new pages
	asMark // tells that an entry is listed everywhere
	phases
)

// change puts a file in its place, or takes it away if body is nil.
type change struct {
	phase phase
	name  string
	body  []byte
	temp  string // the file, once it is written
}

// batch collects changes.
type batch struct{ changes []*change }

func (b *batch) put(p phase, name string, body []byte) {
	b.changes = append(b.changes, &change{phase: p, name: name, body: body})
}

func (b *batch) drop(name string) { b.changes = append(b.changes, &change{phase: asIndex, name: name}) }

// stage writes all files of a batch under other names. After an error there is
// nothing left of them.
func (w *writer) stage(ctx context.Context, b *batch, lasting bool) error {
	err := w.write(ctx, b, lasting)
	if err == nil {
		err = w.makeDirs(ctx, b)
	}
	if err != nil {
		w.discard(b)
	}
	return err
}

func (w *writer) write(ctx context.Context, b *batch, lasting bool) error {
	type digest [sha256.Size]byte
	same := map[digest][]*change{}
	var order []digest
	for _, c := range b.changes {
		if c.body == nil {
			continue
		}
		d := digest(sha256.Sum256(c.body))
		if c.phase == asEntry {
			d = digest{} // whatever happens to derived files, the entry is a file of its own
		}
		if same[d] == nil {
			order = append(order, d)
		}
		same[d] = append(same[d], c)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, d := range order {
		group.Go(func() error { return w.writeSame(ctx, same[d], lasting) })
	}
	return group.Wait()
}

// writeSame writes files with the same content: one file with many names, where
// the file system can.
func (w *writer) writeSame(ctx context.Context, changes []*change, lasting bool) error {
	linked := true
	for i, c := range changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		temp := w.tempName()
		if i > 0 && linked {
			if err := w.files.Link(changes[0].temp, temp); err == nil {
				c.temp = temp
				continue
			}
			linked = false
		}
		if err := w.files.Create(temp, c.body, lasting); err != nil {
			return err
		}
		c.temp = temp
	}
	return nil
}

func (w *writer) tempName() string {
	return tmpDir + "/" + w.lock.token + "-" + strconv.FormatInt(w.temps.Add(1), 10)
}

// makeDirs makes the directories that the files of a batch go into.
func (w *writer) makeDirs(ctx context.Context, b *batch) error {
	var dirs []string
	for _, c := range b.changes {
		if c.body != nil {
			dirs = append(dirs, path.Dir(c.name))
		}
	}
	slices.Sort(dirs)
	return each(ctx, slices.Compact(dirs), w.files.MkdirAll)
}

// each does something with every name, several at a time.
func each(ctx context.Context, names []string, do func(string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, name := range names {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(name)
		})
	}
	return group.Wait()
}

// discard removes the files of a batch that are not in their places. What
// cannot be removed is left for the next writer.
func (w *writer) discard(b *batch) {
	for _, c := range b.changes {
		if c.temp != "" {
			_ = w.files.Remove(c.temp)
			c.temp = ""
		}
	}
}

// place makes the changes of one phase: it puts files in their places, which
// nobody can whose lock another has taken, and then takes others away, which
// anybody could.
func (w *writer) place(b *batch, p phase) error {
	var group errgroup.Group
	group.SetLimit(parallel)
	var drops []string
	for _, c := range b.changes {
		switch {
		case c.phase != p:
		case c.body == nil:
			drops = append(drops, c.name)
		default:
			group.Go(func() error { return w.placeOne(c) })
		}
	}
	if err := group.Wait(); err != nil || len(drops) == 0 {
		return err
	}
	if err := w.lock.held(); err != nil {
		return err
	}
	return each(context.Background(), drops, func(name string) error {
		err := w.files.Remove(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

func (w *writer) placeOne(c *change) error {
	rename := w.files.Rename
	if c.phase == asEntry {
		rename = w.files.RenameNew
	}
	if err := rename(c.temp, c.name); err != nil {
		return err
	}
	c.temp = ""
	return nil
}

// commit makes the changes of a batch about an entry, whose files are staged.
// If the entry cannot be put in its place, nothing has changed.
func (w *writer) commit(ctx context.Context, b *batch, note journal) error {
	if err := ctx.Err(); err != nil {
		w.discard(b)
		return err
	}
	if err := w.note(note); err != nil {
		w.discard(b)
		return err
	}
	if err := w.place(b, asEntry); err != nil {
		w.discard(b)
		// If the connection is lost, the next writer finds out what is true.
		return errors.Join(err, w.forget())
	}
	err := w.syncDirs(b, asEntry, asEntry)
	for p := asIndex; p < phases && err == nil; p++ {
		err = w.place(b, p)
	}
	if err == nil {
		err = w.syncDirs(b, asIndex, asMark)
	}
	if err != nil {
		w.discard(b)
		return fmt.Errorf("the entry is published, but not listed everywhere; the next publication goes on with that: %w", err)
	}
	return w.forget()
}

// syncDirs puts the names of the files of some phases on the disk, and those of
// the directories above them.
func (w *writer) syncDirs(b *batch, from, to phase) error {
	var dirs []string
	for _, c := range b.changes {
		for dir := path.Dir(c.name); c.phase >= from && c.phase <= to && c.body != nil; dir = path.Dir(dir) {
			dirs = append(dirs, dir)
			if dir == "." {
				break
			}
		}
	}
	slices.Sort(dirs)
	return each(context.Background(), slices.Compact(dirs), w.files.SyncDir)
}
