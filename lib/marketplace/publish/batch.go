package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// parallel is how many operations run at once: over a network most of the time goes
// by waiting.
const parallel = 16

// phase orders the files of a batch. All of one phase are in their places before any
// of the next.
type phase int

const (
	asEntry phase = iota // the document, from which all that follows can be made again
	asOlder              // files that are full, before what leads to them
	asIndex
	asHead // the end of the log: the publication is complete
	phases
)

// change is a file to be put in its place.
type change struct {
	phase phase
	name  string
	body  []byte
	temp  string // the file, once it is written
}

// batch collects the files of a publication.
type batch struct{ changes []*change }

func (b *batch) put(p phase, name string, body []byte) {
	b.changes = append(b.changes, &change{phase: p, name: name, body: body})
}

// deepest returns the directories of the files, without those above others.
func (b *batch) deepest() []string {
	var dirs []string
	for _, c := range b.changes {
		if dir := path.Dir(c.name); dir != "." {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	return slices.DeleteFunc(slices.Clone(dirs), func(dir string) bool {
		return slices.ContainsFunc(dirs, func(other string) bool { return strings.HasPrefix(other, dir+"/") })
	})
}

// each calls do with every value, several at a time. The first error ends it.
func each[T any](ctx context.Context, values []T, do func(T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, v := range values {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(v)
		})
	}
	return group.Wait()
}

// stage writes all files of a batch under temporary names. After an error none of
// them is left.
func (s *session) stage(ctx context.Context, b *batch, lasting bool) error {
	var group errgroup.Group
	group.Go(func() error { return each(ctx, b.deepest(), s.files.MkdirAll) })
	group.Go(func() error {
		return each(ctx, b.changes, func(c *change) error {
			temp := s.tempName()
			if err := s.files.Create(temp, c.body, lasting); err != nil {
				return err
			}
			c.temp = temp
			return nil
		})
	})
	if err := group.Wait(); err != nil {
		s.discard(b)
		return err
	}
	return nil
}

func (s *session) tempName() string {
	return tmpDir + "/" + s.lock.token + "-" + strconv.FormatInt(s.temps.Add(1), 10)
}

// discard removes the files of a batch that are not in their places. The next writer
// removes those that it cannot.
func (s *session) discard(b *batch) {
	for _, c := range b.changes {
		if c.temp != "" {
			_ = s.files.Remove(c.temp)
			c.temp = ""
		}
	}
}

// place puts the files of one phase in their places. A writer that has lost the lock
// cannot, because the next one has removed its temporary files.
func (s *session) place(b *batch, p phase) error {
	var changes []*change
	for _, c := range b.changes {
		if c.phase == p {
			changes = append(changes, c)
		}
	}
	return each(context.Background(), changes, func(c *change) error {
		var err error
		if p == asEntry {
			err = s.files.RenameNew(c.temp, c.name)
		} else if err = s.files.Rename(c.temp, c.name); err != nil && s.moveAside(c.name) {
			err = s.files.Rename(c.temp, c.name)
		}
		if err == nil {
			c.temp = ""
		}
		return err
	})
}

// asideDir takes directories that stand where a file belongs. Nothing removes them.
const asideDir = private + "/aside"

// moveAside moves a directory out of the place of a file, and reports whether it did.
func (s *session) moveAside(name string) bool {
	info, err := s.files.Lstat(name)
	if err != nil || !info.IsDir() || s.files.MkdirAll(asideDir) != nil {
		return false
	}
	return s.files.Rename(name, asideDir+"/"+path.Base(s.tempName())) == nil
}

// commit puts the files of a batch in their places, which are staged. If the document
// cannot be put in its place, nothing has changed.
func (s *session) commit(ctx context.Context, b *batch) error {
	err := ctx.Err()
	if err == nil {
		err = s.lock.held()
	}
	if err == nil {
		err = s.place(b, asEntry)
	}
	if err != nil {
		s.discard(b)
		return err
	}
	s.unfinished = true
	err = s.syncDirs(b, asEntry, asEntry)
	for p := asOlder; p < phases && err == nil; p++ {
		err = s.place(b, p)
	}
	if err == nil {
		err = s.syncDirs(b, asOlder, asHead)
	}
	if err != nil {
		s.discard(b)
		return fmt.Errorf("the entry is published, but not listed everywhere; the next publication completes that: %w", err)
	}
	s.unfinished = false
	return nil
}

// syncDirs puts the names of the files of some phases on the disk, and those of the
// directories above them.
func (s *session) syncDirs(b *batch, from, to phase) error {
	var dirs []string
	for _, c := range b.changes {
		for dir := path.Dir(c.name); c.phase >= from && c.phase <= to; dir = path.Dir(dir) {
			dirs = append(dirs, dir)
			if dir == "." {
				break
			}
		}
	}
	slices.Sort(dirs)
	return each(context.Background(), slices.Compact(dirs), s.files.SyncDir)
}

// remove removes files that may be gone.
func (s *session) remove(ctx context.Context, names []string) error {
	return each(ctx, names, func(name string) error {
		if err := s.files.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}
