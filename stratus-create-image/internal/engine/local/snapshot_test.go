package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// counting returns the engine for machines that count.
func counting() *Engine {
	return &Engine{Accel: TCG, Network: NoNetwork, Bus: Virtio, Firmware: BIOS}
}

// startCounter starts a machine that counts, and returns it when it does.
func startCounter(t *testing.T, spec *engine.Spec) (m *machine, number string) {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts virtual machines (-short)")
	}
	peers.Need(t, qemuProgram, imgProgram)
	started, err := counting().Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	m = started.(*machine)
	destroyAtEnd(t, m)
	return m, count(t, m)
}

func destroyAtEnd(t *testing.T, m engine.Machine) {
	t.Helper()
	t.Cleanup(func() {
		if err := m.Destroy(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// keep keeps a machine as a snapshot.
func keep(t *testing.T, m *machine, name string) {
	t.Helper()
	if kept, err := m.Snapshot(t.Context(), name, []byte("note of "+name)); err != nil || !kept {
		t.Fatalf("keeping the machine: %t, %v", kept, err)
	}
}

// resume resumes a machine that goes on counting after a number.
func resume(t *testing.T, spec *engine.Spec, name, after string) *machine {
	t.Helper()
	m, note, err := counting().Resume(t.Context(), spec, name)
	if err != nil {
		t.Fatal(err)
	}
	destroyAtEnd(t, m)
	if want := "note of " + name; string(note) != want {
		t.Errorf("the note is %q, want %q", note, want)
	}
	if next := count(t, m); next <= after {
		t.Errorf("it goes on with %s after %s", next, after)
	}
	if console := strings.Join(m.Console(t.Context(), 1000), "\n"); strings.Contains(console, "BIOS") {
		t.Errorf("it was started anew: %q", console)
	}
	return m.(*machine)
}

// wantNone checks that a snapshot cannot be resumed, and is gone.
func wantNone(t *testing.T, e *Engine, spec *engine.Spec, name string) {
	t.Helper()
	m, _, err := e.Resume(t.Context(), spec, name)
	if !errors.Is(err, engine.ErrNoSnapshot) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("resuming it: %v, want %v alone", err, engine.ErrNoSnapshot)
	}
	if m != nil {
		destroyAtEnd(t, m)
	}
	if got := names(t, spec.Snapshots); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

// names returns what is in a store, but for what is remembered of files.
func names(t *testing.T, store string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != memoryFile {
			found = append(found, e.Name())
		}
	}
	return found
}

// TestSnapshot keeps a machine, then one that was resumed from it, which needs nothing
// of its parent any more.
func TestSnapshot(t *testing.T) {
	store := filepath.Join(t.TempDir(), "warm")
	m, first := startCounter(t, counterSpec(t, store))
	keep(t, m, "one")
	if next := count(t, m); next <= first {
		t.Errorf("it goes on with %s after %s", next, first)
	}
	resumed := resume(t, counterSpec(t, store), "one", first)
	second := count(t, resumed)
	keep(t, resumed, "two")
	if next := count(t, resumed); next <= second {
		t.Errorf("it goes on with %s after %s", next, second)
	}
	for range 2 {
		resume(t, counterSpec(t, store), "one", first)
	}
	for range 2 { // the second time there is none
		if err := counting().Forget(counterSpec(t, store), "one"); err != nil {
			t.Errorf("removing the parent: %v", err)
		}
	}
	if _, _, err := counting().Resume(t.Context(), counterSpec(t, store), "one"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("resuming what was removed: %v", err)
	}
	third := resume(t, counterSpec(t, store), "two", second)
	if len(third.config.Overlays) != 3 {
		t.Errorf("the chain is %q", third.config.Overlays)
	}
}

// TestSnapshotDamage changes what a snapshot depends on, and each of its files: it is
// not resumed, and goes.
func TestSnapshotDamage(t *testing.T) {
	store := filepath.Join(t.TempDir(), "warm")
	spec := counterSpec(t, store)
	spec.Context = []engine.Disk{{Label: "CONTEXT", Write: func(w io.Writer) error {
		_, err := w.Write(bytes.Repeat([]byte("context"), 1000))
		return err
	}}}
	m, _ := startCounter(t, spec)
	keep(t, m, "one")
	if err := m.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
	at := func(s *engine.Spec, name string) string { return filepath.Join(s.Snapshots, "one", name) }
	type damage struct {
		name string
		do   func(t *testing.T, s *engine.Spec) error
	}
	tests := []damage{
		{"another base", func(_ *testing.T, s *engine.Spec) error {
			return errors.Join(os.Remove(s.Base.Path), os.WriteFile(s.Base.Path, make([]byte, 1<<20), 0o600))
		}},
		{"another memory", func(_ *testing.T, s *engine.Spec) error { s.Size.RAM = 65; return nil }},
		{"another disk", func(_ *testing.T, s *engine.Spec) error { s.DiskSize = 2 << 20; return nil }},
		{"another QEMU", func(t *testing.T, _ *engine.Spec) error {
			program, err := exec.LookPath(qemuProgram)
			if err != nil {
				return err
			}
			dir := t.TempDir()
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			return os.WriteFile(filepath.Join(dir, qemuProgram), []byte("#!/bin/sh\nexec "+program+" \"$@\"\n"), 0o700)
		}},
		{"another format", func(_ *testing.T, s *engine.Spec) error {
			kept, err := readManifest(filepath.Dir(at(s, cache.ManifestFile)))
			if err != nil {
				return err
			}
			kept.Format++
			return cache.WriteManifest(filepath.Dir(at(s, cache.ManifestFile)), kept)
		}},
		{"a hole in the memory filled", func(t *testing.T, s *engine.Spec) error { flip(t, at(s, ramFile), 48<<20); return nil }},
	}
	for _, file := range []string{ramFile, stateFile, overlayName(0), cache.ManifestFile, "context-context.iso", swapFile} {
		tests = append(tests,
			damage{file + " missing", func(_ *testing.T, s *engine.Spec) error { return os.Remove(at(s, file)) }},
			damage{file + " cut", func(_ *testing.T, s *engine.Spec) error {
				info, err := os.Stat(at(s, file))
				return errors.Join(err, os.Truncate(at(s, file), info.Size()*2/3))
			}},
			damage{file + " changed", func(t *testing.T, s *engine.Spec) error { flip(t, at(s, file), 0x100); return nil }},
			damage{file + " a link", func(_ *testing.T, s *engine.Spec) error {
				return errors.Join(os.Rename(at(s, file), at(s, "x")), os.Symlink("x", at(s, file)))
			}},
		)
	}
	tests[len(tests)-1].name += " to itself"
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			own := copyStore(t, spec)
			if err := test.do(t, own); err != nil {
				t.Fatal(err)
			}
			wantNone(t, counting(), own, "one")
		})
	}
}

// copyStore returns a machine with copies of the snapshots and of the base.
func copyStore(t *testing.T, spec *engine.Spec) *engine.Spec {
	t.Helper()
	own := *spec
	dir := t.TempDir()
	own.Dir, own.Snapshots, own.Base.Path = t.TempDir(), filepath.Join(dir, "warm"), filepath.Join(dir, "base.raw")
	if out, err := exec.Command("cp", "-a", "--sparse=always", spec.Snapshots, spec.Base.Path, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return &own
}

// TestSnapshotTwice has two machines make the same snapshot at once.
func TestSnapshotTwice(t *testing.T) {
	store := filepath.Join(t.TempDir(), "warm")
	first, before := startCounter(t, counterSpec(t, store))
	second, _ := startCounter(t, counterSpec(t, store))
	kept := make(chan bool, 2)
	for _, m := range []*machine{first, second} {
		go func() {
			ok, err := m.Snapshot(t.Context(), "one", []byte("note of one"))
			if err != nil {
				t.Error(err)
			}
			kept <- ok
		}()
	}
	if a, b := <-kept, <-kept; a == b {
		t.Errorf("kept: %t and %t, want one of them", a, b)
	}
	count(t, first)
	count(t, second)
	resume(t, counterSpec(t, store), "one", before)
}

// TestSnapshotFull keeps machines where there is no room: they go on, and nothing is
// left.
func TestSnapshotFull(t *testing.T) {
	for inodes := 4; ; inodes++ {
		store := filepath.Join(smallDisk(t, fmt.Sprintf("size=200m,nr_inodes=%d", inodes)), "warm")
		spec := counterSpec(t, filepath.Join(t.TempDir(), "warm"))
		spec.Snapshots = store
		m, err := counting().Start(t.Context(), spec)
		if err != nil {
			if errors.Is(err, unix.ENOSPC) || strings.Contains(err.Error(), "No space left") {
				continue
			}
			t.Fatal(err)
		}
		count(t, m)
		kept, err := m.(*machine).Snapshot(t.Context(), "one", nil)
		if err != nil {
			t.Errorf("with %d files: %v", inodes, err)
		}
		count(t, m)
		if got := slices.Contains(names(t, store), "one"); got != kept {
			t.Errorf("with %d files: kept %t, there %t", inodes, kept, got)
		}
		if err := m.Destroy(t.Context()); err != nil {
			t.Error(err)
		}
		if left := names(t, store); !kept && len(left) > 0 {
			t.Errorf("with %d files: left %q", inodes, left)
		}
		if kept {
			break
		}
		if inodes > 30 {
			t.Fatal("it is never kept")
		}
	}
	store := filepath.Join(smallDisk(t, "size=140m"), "warm")
	spec := counterSpec(t, filepath.Join(t.TempDir(), "warm"))
	spec.Snapshots = store
	m, _ := startCounter(t, spec)
	if err := os.WriteFile(store+".fill", make([]byte, 138<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if kept, err := m.Snapshot(t.Context(), "one", nil); err != nil || kept {
		t.Errorf("kept without room: %t, %v", kept, err)
	}
	count(t, m)
}

// smallDisk returns a directory on a disk of its own.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options+",mode=0700"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// flip changes one byte of a file.
func flip(t *testing.T, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
}

// TestSnapshotHardware keeps and resumes machines with every kind of disk, and one with
// the variables of a UEFI firmware.
func TestSnapshotHardware(t *testing.T) {
	peers.Need(t, qemuProgram, imgProgram)
	for _, bus := range []Bus{SCSI, IDE, SATA} {
		t.Run(string(bus), func(t *testing.T) {
			store := filepath.Join(t.TempDir(), "warm")
			e := counting()
			e.Bus = bus
			m, err := e.Start(t.Context(), counterSpec(t, store))
			if err != nil {
				t.Fatal(err)
			}
			destroyAtEnd(t, m)
			before := count(t, m)
			keep(t, m.(*machine), "one")
			resumed, _, err := e.Resume(t.Context(), counterSpec(t, store), "one")
			if err != nil {
				t.Fatal(err)
			}
			destroyAtEnd(t, resumed)
			if next := count(t, resumed); next <= before || resumed.Hardware() != m.Hardware() {
				t.Errorf("it goes on with %s after %s, on %+v", next, before, resumed.Hardware())
			}
		})
	}
	t.Run("uefi", func(t *testing.T) {
		if _, err := findOVMF(places); err != nil {
			peers.Missing(t, err.Error())
		}
		store := filepath.Join(t.TempDir(), "warm")
		e := counting()
		e.Firmware = UEFI
		spec := counterSpec(t, store)
		spec.Size.RAM = 128
		m, err := e.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		destroyAtEnd(t, m)
		keep(t, m.(*machine), "one")
		again := counterSpec(t, store)
		again.Size.RAM = 128
		resumed, _, err := e.Resume(t.Context(), again, "one")
		if err != nil {
			t.Fatal(err)
		}
		destroyAtEnd(t, resumed)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		err = resumed.Connect(ctx, func(booting context.Context, _ string) error {
			<-booting.Done() // the firmware finds nothing to start
			return context.Cause(booting)
		})
		if !errors.Is(err, errNoLoader) {
			t.Errorf("the firmware goes on, and ends with %v", err)
		}
	})
}
