package local

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// debian is a machine with a whole system.
type debian struct {
	*testing.T
	engine *Engine
	store  string
	base   string
	size   int64
	seed   *contextualize.Seed
	disks  []contextualize.Disk
	guest  *guest.Guest
}

func (d *debian) spec() *engine.Spec {
	spec := &engine.Spec{
		Dir: d.TempDir(), Base: engine.Base{Path: d.base, Format: diskimage.Qcow2, Size: d.size},
		Size: engine.Size{CPU: 2, RAM: 1536, Swap: 1536}, Log: &testLog{t: d.T}, Snapshots: d.store, SnapshotBytes: 10 << 30,
	}
	for _, disk := range d.disks {
		spec.Context = append(spec.Context, engine.Disk{Label: disk.Label, Write: disk.Write})
	}
	return spec
}

func (d *debian) login(ctx context.Context, address string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	login := guest.Login{Address: address, User: "root", Keys: []ssh.Signer{d.seed.Login}, HostKey: d.seed.HostKey}
	d.guest, err = guest.Wait(ctx, login, func(string, string) {})
	return err
}

func (d *debian) run(script string) string {
	d.Helper()
	out, err := d.guest.Output(d.Context(), "running a script", script)
	if err != nil {
		d.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// resume resumes the machine and logs in to it.
func (d *debian) resume(name string) engine.Machine {
	d.Helper()
	start := time.Now()
	m, note, err := d.engine.Resume(d.Context(), d.spec(), name)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		if err := m.Destroy(context.Background()); err != nil {
			d.Error(err)
		}
	})
	resumed := time.Since(start)
	if string(note) != "note of "+name {
		d.Errorf("the note is %q", note)
	}
	if err := m.Connect(d.Context(), d.login); err != nil {
		d.Fatal(err)
	}
	in := time.Since(start)
	d.run("true")
	d.Logf("resumed after %v, logged in after %v, first command after %v", resumed, in, time.Since(start))
	return m
}

func (d *debian) snapshot(m engine.Machine, name string) {
	d.Helper()
	d.run("sync; echo 3 >/proc/sys/vm/drop_caches")
	d.guest.Close()
	start := time.Now()
	if kept, err := m.(engine.SnapshotMachine).Snapshot(d.Context(), name, []byte("note of "+name)); err != nil || !kept {
		d.Fatal(kept, err)
	}
	d.Logf("kept after %v", time.Since(start))
	used := newUsage()
	f, err := os.Open(filepath.Join(d.store, name, ramFile))
	if err != nil {
		d.Fatal(err)
	}
	defer f.Close()
	if err := used.addFile(f); err != nil {
		d.Fatal(err)
	}
	d.Logf("memory: %d MiB", used.bytes>>20)
	if used.bytes > 1536<<20/4 {
		d.Errorf("the memory of the snapshot takes %d MiB, more than a quarter", used.bytes>>20)
	}
}

// TestWarmStart keeps a real machine and resumes it.
func TestWarmStart(t *testing.T) {
	if testing.Short() {
		t.Skip("a real machine takes a minute (-short)")
	}
	peers.Need(t, qemuProgram, imgProgram)
	base := os.Getenv("STRATUS_TEST_BASE")
	if base == "" {
		peers.Missing(t, "STRATUS_TEST_BASE names no base image (make check makes one)")
	}
	d := &debian{
		T: t, store: filepath.Join(t.TempDir(), "warm"),
		engine: &Engine{Accel: Auto, Network: NoNetwork, Bus: AutoBus, Firmware: AutoFirmware},
	}
	d.base, d.size = virtualSize(t, base)
	var err error
	if d.seed, err = contextualize.NewSeed("root"); err != nil {
		t.Fatal(err)
	}
	content := contextualize.Context{Seed: d.seed, Card: &contextualize.Card{
		MAC: MAC, IP: IP, Mask: Mask, Network: Subnet, Gateway: Gateway, DNS: DNS,
	}}
	if d.disks, _, err = content.Disks(contextualize.NoCloud); err != nil {
		t.Fatal(err)
	}
	m, err := d.engine.Start(t.Context(), d.spec())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Destroy(t.Context())
	start := time.Now()
	if err := m.Connect(t.Context(), d.login); err != nil {
		t.Fatal(err)
	}
	d.run("systemctl is-system-running --wait || true; echo kept > /root/file; swapon $(readlink -f " + SwapDevice + ") || true")
	t.Logf("up after %v", time.Since(start))
	d.snapshot(m, "started")
	if err := m.Connect(t.Context(), d.login); err != nil {
		t.Fatal(err)
	}
	if got := d.run("echo changed > /root/file; sync; cat /root/file"); got != "changed" {
		t.Errorf("the machine that goes on says %q", got)
	}
	for range 3 {
		d.resume("started")
		if got := d.run("cat /root/file; echo own > /root/own; sync"); got != "kept" {
			t.Errorf("the file is %q", got)
		}
		d.guest.Close()
	}
}
