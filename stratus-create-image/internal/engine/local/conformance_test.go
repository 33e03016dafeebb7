package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/enginetest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// system is a machine with a whole system, and how to get into it.
type system struct {
	engine *Engine
	work   string // has the directories of the machines
	base   engine.Base
	seed   *contextualize.Seed
	disks  []contextualize.Disk
	guest  *guest.Guest
}

func newSystem(t *testing.T) *system {
	t.Helper()
	base := os.Getenv("STRATUS_TEST_BASE")
	if base == "" {
		peers.Missing(t, "STRATUS_TEST_BASE names no base image (make check makes one)")
	}
	s := &system{
		engine: &Engine{Accel: Auto, Network: NoNetwork, Bus: AutoBus, Firmware: AutoFirmware},
		work:   t.TempDir(), base: engine.Base{Format: diskimage.Qcow2},
	}
	s.base.Path, s.base.Size = virtualSize(t, base)
	var err error
	if s.seed, err = contextualize.NewSeed("root"); err != nil {
		t.Fatal(err)
	}
	content := contextualize.Context{Seed: s.seed, Card: &contextualize.Card{
		MAC: MAC, IP: IP, Mask: Mask, Network: Subnet, Gateway: Gateway, DNS: DNS,
	}}
	if s.disks, _, err = content.Disks(contextualize.NoCloud); err != nil {
		t.Fatal(err)
	}
	return s
}

// store is where the machine's snapshots are.
func (s *system) store() string { return filepath.Join(s.work, "warm") }

// spec returns a machine of the system.
func (s *system) spec(t *testing.T) *engine.Spec {
	t.Helper()
	dir, err := os.MkdirTemp(s.work, "machine")
	if err != nil {
		t.Fatal(err)
	}
	spec := &engine.Spec{
		Dir: dir, Base: s.base, Size: engine.Size{CPU: 2, RAM: 1536, Swap: 64}, Log: new(recorder),
		Snapshots: s.store(), SnapshotBytes: 8 << 30,
	}
	for _, d := range s.disks {
		spec.Context = append(spec.Context, engine.Disk{Label: d.Label, Write: d.Write})
	}
	return spec
}

func (s *system) login(ctx context.Context, address string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	s.logout()
	login := guest.Login{Address: address, User: "root", Keys: []ssh.Signer{s.seed.Login}, HostKey: s.seed.HostKey}
	s.guest, err = guest.Wait(ctx, login, func(string, string) {})
	return err
}

func (s *system) logout() {
	if s.guest != nil {
		s.guest.Close()
		s.guest = nil
	}
}

// settle waits until the machine has come up, has it use its swap, and logs out.
func (s *system) settle(ctx context.Context) error {
	defer s.logout()
	_, err := s.guest.Output(ctx, "coming to rest", "systemctl is-system-running --wait >/dev/null || true\n"+
		"grep -q partition /proc/swaps || { disk=$(ls "+SwapDevice+" | head -n 1); mkswap -q $disk; swapon $disk; }\n"+
		"date +%s >>/root/times; sync; echo 3 >/proc/sys/vm/drop_caches")
	return err
}

// output runs a script in the guest and returns what it prints.
func (s *system) output(t *testing.T, script string) string {
	t.Helper()
	out, err := s.guest.Output(t.Context(), "running a script", script)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// TestConformance checks the engine's contract with a real machine, and what a snapshot
// of it takes.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("a real machine takes a minute (-short)")
	}
	peers.Need(t, qemuProgram, imgProgram)
	s := newSystem(t)
	t.Cleanup(s.logout)
	enginetest.Run(t, &enginetest.Subject{
		Engine: s.engine, Spec: s.spec, Login: s.login, Settle: s.settle,
		Poweroff: func(ctx context.Context) error {
			_, err := s.guest.Output(ctx, "shutting down", "systemctl poweroff")
			return err
		},
		Damage: func(t *testing.T, name string) {
			flip(t, filepath.Join(s.store(), name, ramFile), 100<<20)
		},
		Left: func(t *testing.T) []string {
			live, err := filepath.Glob(filepath.Join(s.store(), cache.LivePrefix+"*"))
			if err != nil {
				t.Fatal(err)
			}
			return append(processesNaming(t, s.work), live...)
		},
	})
	t.Run("size", s.size)
	t.Run("chain", s.chain)
}

// size checks what the snapshot that was left takes, and how long its machine takes.
func (s *system) size(t *testing.T) {
	var took []time.Duration
	for range 3 {
		start := time.Now()
		m, _, err := s.engine.Resume(t.Context(), s.spec(t), "kept")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Connect(t.Context(), s.login); err != nil {
			t.Error(err)
		}
		s.output(t, "true")
		took = append(took, time.Since(start).Round(time.Millisecond))
		if err := m.Destroy(t.Context()); err != nil {
			t.Error(err)
		}
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the first command was done after %v; the load is %s", took, load)
	for _, file := range []string{ramFile, stateFile, overlayName(0)} {
		used := newUsage()
		f, err := os.Open(filepath.Join(s.store(), "kept", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(used.addFile(f), f.Close()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s takes %d KiB", file, used.bytes>>10)
		if file == ramFile && used.bytes > 1536<<20/4 {
			t.Errorf("the memory takes %d MiB, want at most a quarter of 1536", used.bytes>>20)
		}
	}
}

// chain keeps a machine that was resumed, over the snapshot that was left, and saves
// one that was resumed from that: its disk has what each of them wrote.
func (s *system) chain(t *testing.T) {
	const mark = "6c1f20e3-%s-9b7d"
	resume := func(name string) *machine {
		m, _, err := s.engine.Resume(t.Context(), s.spec(t), name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := m.Destroy(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		if err := m.Connect(t.Context(), s.login); err != nil {
			t.Fatal(err)
		}
		return m.(*machine)
	}
	m := resume("kept")
	if swaps := s.output(t, "cat /proc/swaps"); !strings.Contains(swaps, "partition") {
		t.Errorf("the machine does not use its swap: %q", swaps)
	}
	s.output(t, fmt.Sprintf("printf "+mark+" first >/root/first; printf "+mark+" second >/root/second", "%s", "%s"))
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok, err := m.Snapshot(t.Context(), "second", nil); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := m.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := m.live.store.remove("kept"); err != nil { // the child does without
		t.Error(err)
	}
	m = resume("second")
	s.output(t, fmt.Sprintf("printf "+mark+" third >/root/third; rm /root/first", "%s"))
	if got, want := s.output(t, "cat /root/second /root/third"), fmt.Sprintf(mark+mark, "second", "third"); got != want {
		t.Errorf("the files have %q, want %q", got, want)
	}
	if err := m.Stop(t.Context(), time.Minute, func(ctx context.Context) error {
		_, err := s.guest.Output(ctx, "shutting down", "fstrim / || true; systemctl poweroff")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(s.work, "image.qcow2"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	target := &engine.Target{Path: out.Name(), Format: diskimage.Qcow2}
	if _, err := m.Save(t.Context(), target, out, io.Discard); err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(s.work, "image.raw")
	if err := run(t.Context(), "convert", "-f", "qcow2", "-O", "raw", out.Name(), raw); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"second", "third"} {
		if !contains(t, raw, fmt.Sprintf(mark, word)) {
			t.Errorf("the saved disk does not have what the %s file has", word)
		}
	}
}

// contains reports whether a file has the text, which does not cross blocks of a file system.
func contains(t *testing.T, path, text string) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := &finder{text: []byte(text)}
	if _, err := files.CopyData(t.Context(), nil, f, found); err != nil {
		t.Fatal(err)
	}
	return found.found
}

// finder finds a text in a block.
type finder struct {
	text  []byte
	found bool
}

func (f *finder) Write(p []byte) (int, error) {
	f.found = f.found || bytes.Contains(p, f.text)
	return len(p), nil
}

// virtualSize returns the absolute path of an image in the format qcow2, and the
// size of its disk.
func virtualSize(t *testing.T, name string) (path string, size int64) {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if size, err = diskimage.CheckSelfContained(f, info.Size(), diskimage.Qcow2); err != nil {
		t.Fatal(err)
	}
	return path, size
}

// processesNaming returns the numbers of the processes that have the text on
// their command line.
func processesNaming(t *testing.T, text string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(text)) {
			found = append(found, filepath.Base(filepath.Dir(file)))
		}
	}
	return found
}
