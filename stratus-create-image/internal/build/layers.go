package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
)

// Reuse says what a build keeps for later ones, and takes from earlier ones.
type Reuse struct {
	Dir       string       // private, of this user
	Snapshots string       // the directory of snapshots
	Bytes     int64        // that snapshots and images may take together
	Prune     func() error // removes what was not used for the longest time, down to Bytes
	Scripts   bool         // keep the machine after each script, too
	Refresh   bool         // take nothing from earlier builds
	HTTP      recipe.HTTP

	clock func() time.Time // nil: that of this host
}

// now returns the time by which the age of what is kept is known.
func (u *Reuse) now() time.Time {
	if u.clock != nil {
		return u.clock().UTC()
	}
	return time.Now().UTC()
}

// layer is a machine after a step of the recipe.
type layer struct {
	step   *recipe.Step // nil: the machine has come up
	digest string       // of the step
	key    string       // of all that made the machine what it is; empty: not known yet
	kept   bool         // a snapshot is taken of it
}

// name returns the layer's name for people.
func (l *layer) name() string {
	if l.step == nil {
		return "machine"
	}
	return l.step.Name
}

// kind returns the layer's name without what the user has typed.
func (l *layer) kind() string {
	if l.step == nil {
		return "machine"
	}
	return l.step.Kind
}

// unchecked is how long lists of packages are used that cannot be compared with the
// archives.
const unchecked = 24 * time.Hour

// planLayers plans the layers of the build, of which the first is the machine that has
// come up. Their keys are known if machines can be kept, up to the package lists of
// archives that are not known.
func (r *run) planLayers(ctx context.Context, spec *engine.Spec) error {
	r.layers = []*layer{{}}
	for _, s := range r.Recipe.Steps() {
		r.layers = append(r.layers, &layer{step: s})
	}
	snapshotter, can := r.Engine.(engine.Snapshotter)
	if r.Reuse == nil || !can || len(r.disks) == 0 {
		return nil
	}
	if err := os.MkdirAll(r.Reuse.Dir, 0o700); err != nil {
		return fmt.Errorf("keeping machines for later builds: %w", err)
	}
	spec.Snapshots, spec.SnapshotBytes = r.Reuse.Snapshots, r.Reuse.Bytes
	identity, err := snapshotter.Identity(ctx, spec)
	if err != nil {
		return err
	}
	told, err := r.Context.Digest(r.Scheme, r.User)
	if err != nil {
		return err
	}
	first, lastPackages := r.layers[0], (*layer)(nil)
	first.key = join(fmt.Sprintf("%d", noteForm), identity, told, r.User, r.OS, fmt.Sprint(r.Disk, r.SBOM != ""))
	first.kept = true
	for _, l := range r.layers[1:] {
		if l.digest, err = l.step.Digest(); err != nil {
			return err
		}
		l.kept = l.step.Lists || l.step.Script && r.Reuse.Scripts
		if l.step.Packages {
			lastPackages = l
		}
	}
	if lastPackages != nil {
		lastPackages.kept = true
	}
	r.nameLayers(1, r.knownArchives(ctx))
	return nil
}

// nameLayers works out the keys of the layers from the one numbered from. archives
// returns what the key of package lists depends on beside the step's digest, empty where
// it is not known.
func (r *run) nameLayers(from int, archives func(name string) string) {
	for i := from; i < len(r.layers); i++ {
		l, before := r.layers[i], r.layers[i-1].key
		if l.key = ""; before == "" {
			continue
		}
		state := "none"
		if l.step.Lists {
			state = archives(join(before, l.digest))
		}
		if state != "" {
			l.key = join(before, l.digest, state)
		}
	}
}

// join returns the SHA-256 of texts, in hexadecimal digits.
func join(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%q\n", t)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// lists is what is known of package lists that were read: the archives, and when.
type lists struct {
	Made     time.Time
	Archives []recipe.Archive // none: they cannot be compared
}

func (l *lists) state() string {
	if len(l.Archives) == 0 {
		return l.Made.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(l.Archives)
}

// listsFile returns the file with the lists of a name.
func (r *run) listsFile(name string) string {
	return filepath.Join(r.Reuse.Dir, "archives", name+".json")
}

// knownArchives returns a function that returns the state of the archives now, empty
// if it is not known which they are, or one of them cannot be reached.
func (r *run) knownArchives(ctx context.Context) func(name string) string {
	return func(name string) string {
		if r.Reuse.Refresh {
			return ""
		}
		var known lists
		text, err := os.ReadFile(r.listsFile(name))
		if err == nil {
			err = json.Unmarshal(text, &known)
		}
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				r.log.Warnf("reading the package lists anew: %v", err)
			}
			return ""
		}
		if len(known.Archives) == 0 {
			if age := r.Reuse.now().Sub(known.Made); age < 0 || age > unchecked {
				return ""
			}
			r.lists = &known
			return known.state()
		}
		if known.Archives, err = recipe.Fetch(ctx, r.Reuse.HTTP, known.Archives); err != nil {
			if ctx.Err() == nil {
				r.log.Warnf("reading the package lists anew: %v", err)
			}
			return ""
		}
		r.lists = &known
		return known.state()
	}
}

// readArchives looks at the archives whose lists of packages were just read, and works
// out the keys that depend on them.
func (r *run) readArchives(ctx context.Context, at int) error {
	l, before := r.layers[at], r.layers[at-1].key
	if before == "" {
		return nil
	}
	archives, err := r.job.Archives(ctx)
	if ctx.Err() != nil || errors.Is(err, guest.ErrBroken) {
		return err
	}
	if err != nil {
		r.log.Warnf("later builds cannot compare the package lists with the archives: %v", err)
	}
	now := lists{r.Reuse.now(), archives}
	r.lists = &now
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	name := r.listsFile(join(before, l.digest))
	if err := writeWhole(name, text); err != nil {
		r.log.Warnf("later builds will read the package lists anew: %v", err)
	}
	r.nameLayers(at, func(string) string { return now.state() })
	return nil
}

// writeWhole writes a file of the user's cache.
func writeWhole(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := files.CreatePending(name, true)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.File.Write(text); err != nil {
		return err
	}
	return f.Commit()
}
