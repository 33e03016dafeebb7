package local

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
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// TestBaseFormats starts a machine from a base of every format, compressed
// and not.
func TestBaseFormats(t *testing.T) {
	peers.Need(t, qemuProgram, imgProgram, "gzip", "bzip2", "xz", "zstd")
	raw := filepath.Join(t.TempDir(), "disk.raw")
	if err := os.WriteFile(raw, append(bootSector(), make([]byte, 8<<20-512)...), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		format  string // QEMU's name
		options string
		program string
	}{
		{"raw", "", ""}, {"qcow2", "", ""}, {"qcow2", "compat=0.10", ""}, {"qcow2", "compression_type=zstd", ""},
		{"vmdk", "", ""}, {"vmdk", "subformat=streamOptimized", ""},
		{"vdi", "", ""}, {"vdi", "static=on", ""},
		{"vpc", "", ""}, {"vpc", "subformat=fixed", ""}, {"vhdx", "", ""}, {"vhdx", "subformat=fixed", ""},
		{"raw", "", "gzip"}, {"qcow2", "", "bzip2"}, {"vmdk", "", "xz"}, {"vhdx", "", "zstd"},
	}
	for _, test := range tests {
		t.Run(test.format+" "+test.options+test.program, func(t *testing.T) {
			image := filepath.Join(t.TempDir(), "image") // no extension says what it is
			args := []string{"convert", "-f", "raw", "-O", test.format}
			if test.options != "" {
				args = append(args, "-o", test.options)
			}
			if strings.Contains(test.options, "compression_type") {
				args = append(args, "-c")
			}
			if out, err := exec.Command(imgProgram, append(args, raw, image)...).CombinedOutput(); err != nil {
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
	e := &Engine{Accel: TCG, Network: NoNetwork, Bus: Virtio, Firmware: BIOS}
	m, err := e.Start(t.Context(), &engine.Spec{
		Dir: dir, Base: engine.Base{Path: from.Path, Format: from.Format, Size: from.Size},
		Size: engine.Size{CPU: 1, RAM: 64}, Log: new(recorder),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Destroy(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	err = m.Connect(t.Context(), func(booting context.Context, _ string) error {
		<-booting.Done()
		return context.Cause(booting)
	})
	if err == nil || !strings.Contains(err.Error(), "it boots") {
		t.Errorf("the machine ends with %v", err)
	}
}
