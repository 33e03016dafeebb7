// Package engine is the contract between a build and what runs its machine. An
// engine starts a machine from a base image, shows where it answers and what it
// prints, stops it, saves its disk and removes it. The package must not know how
// an engine does that, nor what is done in the machine.
//
// A build calls Check, Start, Connect, Stop, Save and Destroy, in this order.
// The context of a call bounds that call only: a machine outlives it. A call
// whose context ends returns an error that wraps the context's cause, and leaves
// a machine that can still be asked for its console, kept and destroyed.
//
// What every engine can do is in Engine and Machine. An ability of some engines
// is an interface of its own, for which a build tests the Engine or the Machine
// that it has.
package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/report"
)

// Errors that engines wrap.
var (
	// ErrEnded reports that a machine ended by itself.
	ErrEnded = errors.New("the virtual machine ended by itself")
	// ErrBoot reports that a machine will not come up: the base image is at fault.
	ErrBoot = errors.New("the machine does not start")
	// ErrDirty reports that a machine did not shut down cleanly: its disk may be
	// in any state and must not be saved.
	ErrDirty = errors.New("the machine did not shut down cleanly")
)

// Engine starts machines. Its methods may be called from several goroutines.
type Engine interface {
	// Check looks for all that the engine needs to start machines and to save
	// their disks to the target, which is nil where nothing is saved. It is called
	// before any long work, changes nothing, and its errors have hints.
	Check(ctx context.Context, target *Target) error

	// Describe returns what Start would do, as lines for people. It starts
	// nothing and writes nothing. Of a base that is not there yet the path is
	// enough.
	Describe(ctx context.Context, spec *Spec) ([]Line, error)

	// Start starts a machine. With an error nothing is left of it; else the caller
	// must call Destroy, unless it leaves the machine to the user (Keep).
	Start(ctx context.Context, spec *Spec) (Machine, error)
}

// Machine is one machine that was started. Its methods are called one after the
// other, except Console, which may be called at any time.
type Machine interface {
	// Connect calls login with the address of the machine's ssh server, as
	// host:port, and a context that ends as soon as the machine cannot come up any
	// more, with a cause that wraps ErrBoot or ErrEnded. Login returns nil once it
	// is logged in; its error is Connect's. An engine that has another way to start
	// the machine tries it after such a failure, and calls login again.
	Connect(ctx context.Context, login func(ctx context.Context, address string) error) error

	// Alive returns a context that ends when the machine does, with a cause that
	// wraps ErrEnded. The caller must call the function.
	Alive(parent context.Context) (context.Context, context.CancelFunc)

	// Console returns the last lines that the machine printed on its console,
	// without control sequences; none where it printed nothing or has no console.
	Console(ctx context.Context, lines int) []string

	// Hardware returns what the machine has, once Connect has returned.
	Hardware() Hardware

	// Stop shuts the machine down cleanly: by the function poweroff, which asks it
	// from within, and after that time by the power button for as long again. A
	// machine that ended otherwise is an error that wraps ErrDirty. What poweroff
	// returns counts only if the machine does not end.
	Stop(ctx context.Context, patience time.Duration, poweroff func(context.Context) error) error

	// Save writes the disk of a machine that was stopped to out, an empty file that
	// the caller closes, in the form of the target. It returns the digests and the
	// size of the image before compression. The image's bytes go to progress as
	// they are digested.
	Save(ctx context.Context, target *Target, out *os.File, progress io.Writer) (diskimage.Image, error)

	// Keep leaves the machine running for the user when the process ends. Only
	// machines whose Spec says so can be kept. Destroy still removes it.
	Keep() (Kept, error)

	// Destroy removes the machine in whatever state it is, and all that the engine
	// made for it outside of Spec.Dir. Further calls do nothing. The context is not
	// the one whose end is the reason for the call. The error names what could
	// not be removed.
	Destroy(ctx context.Context) error
}

// Spec is the machine to start.
type Spec struct {
	// Dir is a private directory for the engine's files. The caller makes it, and
	// removes it after Destroy. Describe takes one that does not exist.
	Dir      string
	Base     Base
	Size     Size
	DiskSize int64 // bytes; that of the base where it is less
	// Context are the small disks with the machine's context. They are only read.
	Context []Disk
	Keep    bool // Keep may be called, also after a failure
	// Snapshots is the private directory where a Snapshotter keeps snapshots; empty:
	// Resume and Snapshot are not called. They are removed, those first that were not
	// used for the longest time, until they take at most SnapshotBytes on the disk.
	Snapshots     string
	SnapshotBytes int64
	Log           report.Log
}

// Base is a checked base image in a local file, which is only read. It names no
// other files.
type Base struct {
	Path   string // absolute
	Format diskimage.Format
	Size   int64 // of the disk, bytes
	// Bus is how the image's description wants its disk attached: a word such as
	// "scsi", or anything that a stranger wrote there.
	Bus string
	// Hold is an open file, or nil. The lock on it must last as long as the machine
	// reads the base.
	Hold *os.File
	// Absent is set for a file that is not there yet. Only Describe takes such a base.
	Absent bool
}

// Disk is a small disk with an ISO 9660 file system.
type Disk struct {
	Label string // of the file system; no two disks of a machine have the same
	Write func(io.Writer) error
}

// Virtio is the word for the bus of disks that only virtual machines have.
const Virtio = "virtio"

// Hardware is what a machine has.
type Hardware struct {
	Bus      string // of its disks: Virtio, "scsi", "ide" or "sata"
	Firmware string // "bios" or "uefi"
	Swap     string // shell pattern by which the guest finds its empty disk for swap; empty: it has none
}

// Kept is how the user gets at a machine that is left running.
type Kept struct {
	Name    string // of the machine, as in "process 123"
	Address string // of its ssh server, host:port
	// Console is a command that connects the terminal to the console, nil where
	// there is none. Stop is one that ends the machine.
	Console, Stop []string
}

// Line is one line of a description.
type Line struct {
	Name string // one word, such as "machine"
	Text string
}
