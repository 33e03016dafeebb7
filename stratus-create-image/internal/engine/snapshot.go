package engine

import (
	"context"
	"errors"
)

// ErrNoSnapshot reports that there is no snapshot of that name that is whole and that
// this engine can resume on this host.
var ErrNoSnapshot = errors.New("there is no such snapshot")

// Snapshotter is an engine that can resume machines from snapshots: their memory,
// the state of their devices, and their disks. Its machines are of the type
// SnapshotMachine. Snapshots live in Spec.Snapshots.
type Snapshotter interface {
	Engine

	// Identity returns a digest of what a snapshot depends on, apart from the
	// content of Spec.Context: the form of snapshots, the program that runs the machine
	// with its version, the hardware, and the base by its bytes. Two specs with the
	// same identity, whose disks have the same content, may resume the same snapshots.
	Identity(ctx context.Context, spec *Spec) (string, error)

	// Resume starts a machine from a snapshot, with the context that it was taken
	// with: Spec.Context is not read. It returns the note of the snapshot. The error
	// wraps ErrNoSnapshot, and fs.ErrNotExist, if there is none; ErrNoSnapshot alone if
	// what is there is damaged or does not start; that is removed. Connect must be
	// called, as after Start.
	Resume(ctx context.Context, spec *Spec, name string) (m Machine, note []byte, err error)

	// Forget removes a snapshot, if there is one, unless somebody else uses it.
	Forget(spec *Spec, name string) error
}

// SnapshotMachine is a machine of a Snapshotter.
type SnapshotMachine interface {
	Machine

	// Snapshot keeps the machine under a name, a word of letters and digits, with a
	// note of the caller that is kept as secret as the machine's memory. The machine must
	// be idle, and nobody logged in. The machine itself goes on, and Connect must be
	// called again. If the snapshot cannot be kept, kept is false, its reason is logged,
	// and the machine goes on as well. With an error the machine is lost.
	Snapshot(ctx context.Context, name string, note []byte) (kept bool, err error)
}
