package recipe

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// mirrored are a guest's sources while a mirror stands in them.
type mirrored struct {
	guest *guest.Guest
	dir   *guest.Dir
	files []mirroredFile
}

type mirroredFile struct {
	path             string
	original, edited string // copies in the private directory
	back             []Mirror
}

const mirrorLabel = "using a mirror"

// use rewrites the sources in place. The originals are kept beside them, with
// their times.
func (s *mirrored) use(ctx context.Context, m Mirrors) error {
	list, err := s.guest.Output(ctx, mirrorLabel, "cd /etc/apt && ls -d sources.list sources.list.d/*.list sources.list.d/*.sources 2>/dev/null || true")
	if err != nil {
		return err
	}
	for n, name := range strings.Fields(list) {
		if err := s.useIn(ctx, m, path.Join("/etc/apt", name), n); err != nil {
			return fmt.Errorf("using the mirror %s in %q: %w", m, name, err)
		}
	}
	if len(s.files) == 0 {
		return fmt.Errorf("using the mirror %s: the guest has no source that it could stand for", m)
	}
	return nil
}

func (s *mirrored) useIn(ctx context.Context, m Mirrors, file string, n int) error {
	text, err := s.read(ctx, file)
	if err != nil {
		return err
	}
	edited, back := m.rewrite(text)
	if len(back) == 0 {
		return nil
	}
	name := fmt.Sprintf("mirror-%d", n)
	if err := s.dir.Write(ctx, name, strings.NewReader(edited), 0o644); err != nil {
		return err
	}
	f := mirroredFile{path: file, original: path.Join(s.dir.Path, "original-"+name), edited: path.Join(s.dir.Path, name), back: back}
	if err := s.guest.Run(ctx, mirrorLabel, shell.Join("cp", "-p", file, f.original)); err != nil {
		return err
	}
	s.files = append(s.files, f)
	return s.guest.Run(ctx, mirrorLabel, shell.Join("cat", f.edited)+" > "+shell.Quote(file))
}

// read reads a file of sources.
func (s *mirrored) read(ctx context.Context, file string) (string, error) {
	const most = 32 << 10
	text, err := s.guest.Output(ctx, mirrorLabel, shell.Join("head", "-c", fmt.Sprint(most+1), file))
	if err == nil && len(text) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	return text, err
}

// restore puts the original bytes and times back. From a file that a script has
// changed meanwhile it takes the mirror's addresses; one that a script has
// removed stays away. Lists with the mirror's address go.
func (s *mirrored) restore(ctx context.Context, say func(string, ...any)) error {
	if len(s.files) == 0 {
		return nil
	}
	var errs []error
	for _, f := range slices.Backward(s.files) {
		if err := s.restoreOne(ctx, f, say); err != nil {
			errs = append(errs, fmt.Errorf("restoring %q: %w", f.path, err))
		}
	}
	errs = append(errs, s.guest.Run(ctx, mirrorLabel, "rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin"))
	return errors.Join(errs...)
}

func (s *mirrored) restoreOne(ctx context.Context, f mirroredFile, say func(string, ...any)) error {
	state, err := s.guest.Output(ctx, mirrorLabel, "if [ ! -e "+shell.Quote(f.path)+" ]; then echo gone; elif "+
		shell.Join("cmp", "-s", f.path, f.edited)+"; then echo same; fi")
	if err != nil {
		return err
	}
	switch strings.TrimSpace(state) {
	case "gone":
		return nil
	case "same":
		return s.guest.Run(ctx, mirrorLabel, shell.Join("cat", f.original)+" > "+shell.Quote(f.path)+" && "+shell.Join("touch", "-r", f.original, f.path))
	}
	say("%q was changed since the mirror's address came to be in it: only that is taken back", f.path)
	text, err := s.read(ctx, f.path)
	if err != nil {
		return err
	}
	name := path.Base(f.edited) + "-undone"
	if err := s.dir.Write(ctx, name, strings.NewReader(undo(text, f.back)), 0o644); err != nil {
		return err
	}
	return s.guest.Run(ctx, mirrorLabel, shell.Join("cat", path.Join(s.dir.Path, name))+" > "+shell.Quote(f.path))
}
