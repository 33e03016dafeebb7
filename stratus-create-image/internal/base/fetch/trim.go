package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/files"
)

// trimLock is the lock that a process holds while it removes images.
const trimLock = "trim.lock"

// maxPartAge is how long a download that broke off is kept.
const maxPartAge = 7 * 24 * time.Hour

// member matches the names of the files that belong to an image. No other file is
// ever removed.
var member = regexp.MustCompile(`^((?:file-)?sha[0-9]+-[0-9a-f]+)(\.lock|\.part|\.new|\.json)?$`)

// group is all files of one image.
type group struct {
	name     string
	finished bool
	size     int64
	used     time.Time
}

// trim removes the images that were used least recently until all are within the
// limit, and downloads that broke off long ago. What is locked stays.
func (c *Cache) trim(now time.Time) error {
	lock, err := c.tryLock(trimLock)
	if err != nil || lock == nil {
		return err // nil where another process trims
	}
	defer lock.Close()
	groups, err := c.list()
	if err != nil {
		return err
	}
	var total int64
	for _, g := range groups {
		total += g.size
	}
	slices.SortFunc(groups, func(a, b group) int { return a.used.Compare(b.used) })
	for _, g := range groups {
		abandoned := !g.finished && now.Sub(g.used) > maxPartAge
		if total <= c.limit && !abandoned {
			continue
		}
		removed, err := c.remove(g)
		if err != nil {
			return err
		}
		if removed {
			total -= g.size
		}
	}
	return nil
}

// list lists the images with all their files.
func (c *Cache) list() ([]group, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, fmt.Errorf("reading the image cache: %w", err)
	}
	found := make(map[string]*group)
	for _, e := range entries {
		parts := member.FindStringSubmatch(e.Name())
		if parts == nil {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // part of a download that has just ended
		}
		if err != nil {
			return nil, fmt.Errorf("reading the image cache: %w", err)
		}
		g := found[parts[1]]
		if g == nil {
			g = &group{name: parts[1]}
			found[g.name] = g
		}
		g.finished = g.finished || parts[2] == ""
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			g.size += stat.Blocks * 512 // whatever the block size of the file system is
		}
		if (parts[2] == lockEnding || parts[2] == partEnding) && info.ModTime().After(g.used) {
			g.used = info.ModTime()
		}
	}
	var groups []group
	for _, g := range found {
		groups = append(groups, *g)
	}
	return groups, nil
}

// remove removes all files of an image, unless it is in use.
func (c *Cache) remove(g group) (bool, error) {
	lock, err := c.tryLock(g.name + lockEnding)
	if err != nil || lock == nil {
		return false, err
	}
	defer lock.Close()
	for _, ending := range []string{"", partEnding, unpackedEnding, recordEnding, lockEnding} {
		if err := os.Remove(c.path(g.name + ending)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("removing from the image cache: %w", err)
		}
	}
	return true, nil
}

// tryLock locks a file of the cache for this process alone. It returns nil if
// another process holds the lock.
func (c *Cache) tryLock(name string) (*os.File, error) {
	f, err := openLock(c.path(name))
	if err != nil {
		return nil, fmt.Errorf("locking in the image cache: %w", err)
	}
	err = files.Flock(f, unix.LOCK_EX|unix.LOCK_NB)
	if err == nil && files.Named(f, f.Name()) {
		return f, nil
	}
	_ = f.Close()
	if err != nil && !errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("locking %q: %w", f.Name(), err)
	}
	return nil, nil
}
