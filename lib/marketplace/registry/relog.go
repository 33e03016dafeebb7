package registry

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// logs writes all logs anew, that of all entries last, and what depends on
// them.
func (b *rebuilding) logs(ctx context.Context) error {
	scopes := map[string]scope{}
	members := map[string][]int32{}
	var known []endorser
	seen := map[endorser]bool{}
	for i, row := range b.rows {
		if who := endorserOf(row); !seen[who] {
			seen[who] = true
			known = append(known, who)
		}
		for _, sc := range logScopes(row, b.old[row.Key]) {
			scopes[sc.dir] = sc
			members[sc.dir] = append(members[sc.dir], int32(i))
		}
	}
	changes := &batch{}
	if err := putEndorsers(changes, known); err != nil {
		return err
	}
	for email, names := range tagNames(scopes) {
		if err := putTags(changes, email, names); err != nil {
			return err
		}
	}
	if err := b.apply(ctx, changes); err != nil {
		return err
	}
	dirs := slices.DeleteFunc(slices.Sorted(maps.Keys(scopes)), func(dir string) bool { return dir == entry.Root })
	err := some(ctx, len(dirs), func(ctx context.Context, i int) error {
		return b.relog(ctx, scopes[dirs[i]], members[dirs[i]])
	})
	if err != nil || len(b.rows) == 0 {
		return err
	}
	return b.relog(ctx, scopes[entry.Root], members[entry.Root])
}

// tagNames gives the names of the directories of tags, by endorser.
func tagNames(scopes map[string]scope) map[string][]string {
	names := map[string][]string{}
	for _, sc := range scopes {
		if sc.isTag() {
			email := path.Base(path.Dir(sc.dir))
			names[email] = append(names[email], path.Base(sc.dir))
		}
	}
	return names
}

// relog writes a log anew.
func (b *rebuilding) relog(ctx context.Context, sc scope, members []int32) error {
	l := &log{scope: sc, now: b.at}
	l.Generation = newToken()
	for _, i := range members {
		it, err := b.item(ctx, b.rows[i])
		if err != nil {
			return err
		}
		if l.Pages > 0 && full(l.newest, len(it.document)) {
			changes := &batch{}
			if err := l.putPage(changes); err != nil {
				return err
			}
			if err := b.apply(ctx, changes); err != nil {
				return err
			}
		}
		l.add(it)
	}
	changes := &batch{}
	if err := l.put(changes); err != nil {
		return err
	}
	if l.isTag() {
		if err := b.putTagged(ctx, changes, l); err != nil {
			return err
		}
	}
	if err := b.apply(ctx, changes); err != nil {
		return err
	}
	return b.cut(l)
}

// cut removes pages that a broken log had beyond its end.
func (b *rebuilding) cut(l *log) error {
	dir := path.Dir(pageName(l.dir, 0, ""))
	entries, err := b.files.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), ".")
		k, err := strconv.Atoi(number)
		if err != nil || k < l.Pages || e.IsDir() {
			continue
		}
		if err := b.files.Remove(path.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
