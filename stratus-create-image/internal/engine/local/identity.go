package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// identity is what a snapshot depends on.
type identity struct {
	Format   int
	QEMU     []files.Stamp // of its program, and of the UEFI firmware that it may use
	Version  string        // in QEMU's words
	Argv     []string
	Base     string // SHA-256, in hexadecimal digits
	DiskSize int64  // bytes
	Buses    []Bus
	Firmware Firmware
	CPU      string // that of the host where the machine has the same; else empty

	base files.Stamp
}

// identify returns the identity of a machine. The paths of the run and of the base are
// not in it.
func (e *Engine) identify(ctx context.Context, spec *engine.Spec) (*identity, error) {
	neutral := *spec
	neutral.Dir, neutral.Base.Path = "/run", "/base"
	config := e.config(&neutral)
	config.Memory = os.Stdin // any file: its number is on the command line
	id := &identity{
		Format: snapshotFormat, Argv: config.Argv(), DiskSize: diskSize(spec),
		Buses: e.Bus.Candidates(spec.Base.Bus), Firmware: e.Firmware,
	}
	program, err := exec.LookPath(qemuProgram)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", qemuProgram, err)
	}
	programs := []string{program}
	if ovmf, err := findOVMF(places); err == nil && e.Firmware != BIOS {
		programs = append(programs, ovmf.Code, ovmf.Vars)
	}
	for _, path := range programs {
		s, err := files.StampOf(path)
		if err != nil {
			return nil, err
		}
		id.QEMU = append(id.QEMU, s)
	}
	if config.Accel == KVM {
		if id.CPU, err = hostCPU(); err != nil {
			return nil, err
		}
	}
	known := recall(spec.Snapshots)
	if id.Version, err = known.of(ctx, id.QEMU[0], versionOf); err != nil {
		return nil, err
	}
	if id.base, err = files.StampOf(spec.Base.Path); err != nil {
		return nil, err
	}
	if id.Base, err = known.of(ctx, id.base, sumOf); err != nil {
		return nil, err
	}
	return id, known.save()
}

// String returns a digest of the identity.
func (id *identity) String() string {
	text, err := json.Marshal(id)
	if err != nil {
		panic(err) // numbers and strings have always a JSON form
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// check reports a base, or a QEMU, that is not any more what it was.
func (id *identity) check() error {
	for _, want := range slices.Concat(id.QEMU, []files.Stamp{id.base}) {
		if now, err := files.StampOf(want.Path); err != nil || now != want {
			return errors.Join(fmt.Errorf("%q was replaced meanwhile", want.Path), err)
		}
	}
	return nil
}

// Identity implements engine.Snapshotter.
func (e *Engine) Identity(ctx context.Context, spec *engine.Spec) (string, error) {
	id, err := e.identify(ctx, spec)
	if err != nil {
		return "", fmt.Errorf("finding what a snapshot of the machine depends on: %w", err)
	}
	return id.String(), nil
}

// hostCPU returns the kernel's description of the first processor, without what
// changes.
func hostCPU() (string, error) {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", fmt.Errorf("reading the processor's flags: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n\n")
	var lines []string
	for line := range strings.Lines(first) {
		if !strings.HasPrefix(line, "cpu MHz") && !strings.HasPrefix(line, "bogomips") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, ""), nil
}

// versionOf returns what QEMU says of its version.
func versionOf(ctx context.Context, program string) (string, error) {
	text, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("asking QEMU for its version: %w", err)
	}
	return string(text), nil
}

// sumOf returns the SHA-256 of a file, in hexadecimal digits.
func sumOf(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	buffer := make([]byte, 1<<20)
	for {
		n, err := f.Read(buffer)
		sum.Write(buffer[:n])
		switch {
		case err == io.EOF:
			return hex.EncodeToString(sum.Sum(nil)), nil
		case err != nil:
			return "", err
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		}
	}
}
