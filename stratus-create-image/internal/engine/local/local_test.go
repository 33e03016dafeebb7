package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// recorder is a log that keeps what it is told.
type recorder struct {
	report.Log
	lines []string
}

func (r *recorder) Infof(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Verbosef(string, ...any) {}

// TestNextBus has a kernel find its disk on no bus: the machine is started once on
// each, and login is called with each address.
func TestNextBus(t *testing.T) {
	peers.Need(t, qemuProgram, imgProgram)
	base := filepath.Join(t.TempDir(), "base.raw")
	if err := os.WriteFile(base, append(bootSector(), make([]byte, 1<<20-512)...), 0o600); err != nil {
		t.Fatal(err)
	}
	log := new(recorder)
	e := &Engine{Accel: TCG, Network: NoNetwork, Bus: AutoBus, Firmware: AutoFirmware}
	m, err := e.Start(t.Context(), &engine.Spec{
		Dir: t.TempDir(), Base: engine.Base{Path: base, Format: diskimage.Raw, Size: 1 << 20, Bus: "ide"},
		Size: engine.Size{CPU: 1, RAM: 64}, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	addresses := make(map[string]bool)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = m.Connect(ctx, func(booting context.Context, address string) error {
		addresses[address] = true
		<-booting.Done()
		return context.Cause(booting)
	})
	if !errors.Is(err, engine.ErrBoot) || !strings.Contains(err.Error(), "it boots") {
		t.Errorf("the last boot ends with %v, the console with %q", err, m.Console(t.Context(), 5))
	}
	if bus := m.Hardware().Bus; bus != "scsi" || len(addresses) < 2 {
		t.Errorf("at the end the disk is on %s, and there were %d addresses", bus, len(addresses))
	}
	if console := strings.Join(m.Console(t.Context(), 5), "\n"); !strings.Contains(console, "it boots") {
		t.Errorf("the console says %q", console)
	}
	if err := m.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
	var tries []string
	for _, line := range log.lines {
		if found := regexp.MustCompile("trying ([a-z]+)").FindStringSubmatch(line); found != nil {
			tries = append(tries, found[1])
		}
	}
	if diff := cmp.Diff([]string{"ide", "sata", "scsi"}, tries); diff != "" {
		t.Errorf("buses that are tried after virtio (-want +got):\n%s\n%s", diff, strings.Join(log.lines, "\n"))
	}
}
