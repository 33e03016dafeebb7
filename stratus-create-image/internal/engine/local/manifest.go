package local

import (
	"fmt"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/cache"
)

// snapshotFormat is the version of the form of snapshots. Identity has it, too.
const snapshotFormat = 1

// Names of the files of a snapshot, beside its manifest. Those of its overlays, from the
// bottom, are diskName with an ending, and those of its context are as in a machine's
// directory.
const (
	ramFile   = "ram"
	stateFile = "state"
)

// manifest describes a snapshot.
type manifest struct {
	Format   int
	Identity string
	Bus      Bus
	UEFI     bool
	Overlays []string // names of files, from the bottom
	Seeds    []string // names of files, in their order
	Files    cache.Sums
	Note     []byte
}

// readManifest reads the manifest of a snapshot from its directory.
func readManifest(dir string) (*manifest, error) {
	m := new(manifest)
	if err := cache.ReadManifest(dir, m); err != nil {
		return nil, err
	}
	if m.Format != snapshotFormat {
		return nil, fmt.Errorf("%w: it has the format %d; want %d", cache.ErrDamaged, m.Format, snapshotFormat)
	}
	for _, name := range append(append([]string(nil), m.Overlays...), m.Seeds...) {
		if filepath.Base(name) != name {
			return nil, fmt.Errorf("%w: %q is not the name of a file", cache.ErrDamaged, name)
		}
	}
	return m, nil
}
