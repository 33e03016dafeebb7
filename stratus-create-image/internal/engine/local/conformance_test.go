package local

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/enginetest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// TestConformance checks the engine's contract with a real machine.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("a real machine takes a minute (-short)")
	}
	peers.Need(t, qemuProgram, "qemu-img")
	base := os.Getenv("STRATUS_TEST_BASE")
	if base == "" {
		peers.Missing(t, "STRATUS_TEST_BASE names no base image (make check makes one)")
	}
	path, size := virtualSize(t, base)
	seed, err := contextualize.NewSeed("root")
	if err != nil {
		t.Fatal(err)
	}
	content := contextualize.Context{Seed: seed, Card: &contextualize.Card{
		MAC: MAC, IP: IP, Mask: Mask, Network: Subnet, Gateway: Gateway, DNS: DNS,
	}}
	disks, _, err := content.Disks(contextualize.NoCloud)
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	var g *guest.Guest
	enginetest.Run(t, &enginetest.Subject{
		Engine: &Engine{Accel: Auto, Network: NoNetwork, Bus: AutoBus, Firmware: AutoFirmware},
		Spec: func(t *testing.T) *engine.Spec {
			dir, err := os.MkdirTemp(work, "machine")
			if err != nil {
				t.Fatal(err)
			}
			spec := &engine.Spec{
				Dir: dir, Base: engine.Base{Path: path, Format: diskimage.Qcow2, Size: size},
				Size: engine.Size{CPU: 1, RAM: 1024, Swap: 64}, Log: new(recorder),
			}
			for _, d := range disks {
				spec.Context = append(spec.Context, engine.Disk{Label: d.Label, Write: d.Write})
			}
			return spec
		},
		Login: func(ctx context.Context, address string) (err error) {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
			defer cancel()
			login := guest.Login{Address: address, User: "root", Keys: []ssh.Signer{seed.Login}, HostKey: seed.HostKey}
			g, err = guest.Wait(ctx, login, func(string, string) {})
			return err
		},
		Poweroff: func(ctx context.Context) error {
			_, err := g.Output(ctx, "shutting down", "systemctl poweroff")
			return err
		},
		Left: func(t *testing.T) []string { return processesNaming(t, work) },
	})
	if g != nil {
		g.Close()
	}
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
