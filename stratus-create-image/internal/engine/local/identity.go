package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// identity is what a snapshot depends on.
type identity struct {
	Format   int
	QEMU     stamp
	Version  string // QEMU's own words
	Argv     []string
	Base     string // SHA-256
	DiskSize int64
	Buses    []Bus
	Firmware Firmware
	OVMF     []stamp
	CPU      string // where it is the host's
}

// stamp is by what a file is recognized without reading it.
type stamp struct {
	Path               string
	Size, MTime, CTime int64 // bytes, nanoseconds
	Device, Inode      uint64
}

func stampOf(path string) (stamp, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return stamp{}, err
	}
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return stamp{}, fmt.Errorf("looking at %q: %w", path, err)
	}
	return stamp{path, s.Size, s.Mtim.Nano(), s.Ctim.Nano(), s.Dev, s.Ino}, nil
}

// Identity implements engine.Snapshotter. The paths of the run and of the base are not
// in it.
func (e *Engine) Identity(ctx context.Context, spec *engine.Spec) (string, error) {
	neutral := *spec
	neutral.Dir, neutral.Base.Path = "/run", "/base"
	config := e.config(&neutral)
	config.Memory = os.Stdin // any: only its number is on the command line
	id := identity{
		Format: snapshotFormat, Argv: config.Argv(), DiskSize: diskSize(spec),
		Buses: e.Bus.Candidates(spec.Base.Bus), Firmware: e.Firmware,
	}
	path, err := exec.LookPath(qemuProgram)
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w", qemuProgram, err)
	}
	if id.QEMU, err = stampOf(path); err != nil {
		return "", err
	}
	version, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("asking QEMU for its version: %w", err)
	}
	id.Version = string(version)
	if ovmf, err := findOVMF(places); err == nil && e.Firmware != BIOS {
		for _, path := range []string{ovmf.Code, ovmf.Vars} {
			s, err := stampOf(path)
			if err != nil {
				return "", err
			}
			id.OVMF = append(id.OVMF, s)
		}
	}
	if config.Accel == KVM {
		if id.CPU, err = hostCPU(); err != nil {
			return "", err
		}
	}
	if id.Base, err = digestOf(ctx, spec); err != nil {
		return "", err
	}
	text, err := json.Marshal(id)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// hostCPU returns the kernel's description of the first processor, without what changes.
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

// digestsFile has the digests of bases that were read before. It is in the store.
const digestsFile = ".digests.json"

// maxDigests is how many digests are remembered.
const maxDigests = 100

// digestOf returns the SHA-256 of the base's file, in hexadecimal digits. It is
// remembered as long as the file is not touched.
func digestOf(ctx context.Context, spec *engine.Spec) (string, error) {
	now, err := stampOf(spec.Base.Path)
	if err != nil {
		return "", err
	}
	type digest struct {
		Stamp  stamp
		SHA256 string
	}
	known := make(map[string]digest)
	memory := filepath.Join(spec.Snapshots, digestsFile)
	if text, err := os.ReadFile(memory); err == nil {
		_ = json.Unmarshal(text, &known) // else they are made again
	}
	if d, ok := known[now.Path]; ok && d.Stamp == now {
		return d.SHA256, nil
	}
	sum, err := sumOf(ctx, now.Path)
	if err != nil {
		return "", err
	}
	if after, err := stampOf(now.Path); err != nil || after != now {
		return "", fmt.Errorf("the base image %q changes", now.Path)
	}
	for path := range known {
		if len(known) >= maxDigests {
			delete(known, path)
		}
	}
	known[now.Path] = digest{now, sum}
	if text, err := json.Marshal(known); err == nil && spec.Snapshots != "" {
		remember(memory, text)
	}
	return sum, nil
}

// remember replaces a file that is only there to save time.
func remember(path string, text []byte) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return
	}
	p, err := files.CreatePending(path, true)
	if err != nil {
		return
	}
	defer p.Discard()
	if _, err := p.File.Write(text); err == nil {
		_ = p.Commit()
	}
}

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
			return "", fmt.Errorf("reading the base image: %w", err)
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		}
	}
}
