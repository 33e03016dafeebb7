package build

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine/machinetest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/qemuimg"
)

// TestBaseFormats starts a machine from a base of every format, compressed
// and not.
func TestBaseFormats(t *testing.T) {
	peers.Need(t, machine.Program, qemuimg.Program, "gzip", "bzip2", "xz", "zstd")
	raw := filepath.Join(t.TempDir(), "disk.raw")
	if err := os.WriteFile(raw, append(machinetest.BootSector(), make([]byte, 8<<20-512)...), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		format  string // QEMU's name
		options string
		program string
	}{
		{"raw", "", ""}, {"qcow2", "", ""}, {"qcow2", "compat=0.10", ""}, {"vmdk", "", ""}, {"vmdk", "subformat=streamOptimized", ""},
		{"vdi", "", ""}, {"vdi", "static=on", ""}, {"vpc", "", ""}, {"vpc", "subformat=fixed", ""}, {"vhdx", "", ""}, {"vhdx", "subformat=fixed", ""},
		{"raw", "", "gzip"}, {"qcow2", "", "bzip2"}, {"vmdk", "", "xz"}, {"vhdx", "", "zstd"},
	}
	for _, test := range tests {
		t.Run(test.format+" "+test.options+test.program, func(t *testing.T) {
			image := filepath.Join(t.TempDir(), "image") // no extension says what it is
			args := []string{"convert", "-f", "raw", "-O", test.format}
			if test.options != "" {
				args = append(args, "-o", test.options)
			}
			if out, err := exec.Command(qemuimg.Program, append(args, raw, image)...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if test.program != "" {
				packed, err := exec.Command(test.program, "-c", image).Output()
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(image, packed, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before, err := os.ReadFile(image)
			if err != nil {
				t.Fatal(err)
			}
			checkStarts(t, image)
			if after, err := os.ReadFile(image); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the base was written to, %v", err)
			}
		})
	}
}

// checkStarts takes the image in and starts a machine over it.
func checkStarts(t *testing.T, image string) {
	t.Helper()
	dir := t.TempDir()
	from, err := base.Open(t.Context(), image, dir, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c := &machine.Config{Dir: dir, Accel: machine.TCG, CPU: 1, RAM: 64, Base: from.Path, BaseFormat: qemuimg.Driver(from.Format), Network: machine.NoNetwork}
	if err := qemuimg.CreateOverlay(t.Context(), c.Overlay(), from.Path, from.Format, from.Size); err != nil {
		t.Fatal(err)
	}
	m, err := machine.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Destroy()
	booting, cancel := m.Booting(t.Context())
	defer cancel()
	<-booting.Done()
	if err := context.Cause(booting); !strings.Contains(err.Error(), "it boots") {
		t.Errorf("the machine ends with %v", err)
	}
}
