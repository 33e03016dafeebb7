package main

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestBomb takes in a small file that becomes 32 GiB of zeros. It is refused at
// half of it, and has taken neither memory nor space.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("to decompress so much takes a minute (-short)")
	}
	if peers.RaceDetector {
		t.Skip("the race detector takes memory itself")
	}
	peers.Need(t, "qemu-system-x86_64", "qemu-img", "zstd")
	t.Parallel()
	dir := t.TempDir()
	gib := output(t, "sh", "-c", "head -c 1G /dev/zero | zstd --quiet")
	writeFile(t, dir+"/bomb.raw.zst", strings.Repeat(gib, 32), 0o644)
	info, err := os.Stat(dir + "/bomb.raw.zst")
	if err != nil || info.Size() > 2<<20 {
		t.Fatalf("the file is no bomb: %v, %v", info, err)
	}
	b := start(t, dir, "--no-save", "bomb.raw.zst")
	if code := b.wait(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	const says = `"bomb.raw.zst" of \d+ bytes: bad compressed data: decompressed, at most 17179869184 bytes`
	if messages := b.stderr.String(); !regexp.MustCompile(says).MatchString(messages) {
		t.Errorf("standard error does not match %q:\n%s", says, messages)
	}
	used := b.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	t.Logf("%v of processor time, %d KiB of memory, %d blocks written",
		b.cmd.ProcessState.UserTime()+b.cmd.ProcessState.SystemTime(), used.Maxrss, used.Oublock)
	const memory, blocks = 128 << 10, 1 << 20 / 512 // in KiB, and of 512 bytes
	if used.Maxrss > memory || used.Oublock > blocks {
		t.Errorf("%d KiB of memory and %d blocks were taken, want at most %d and %d", used.Maxrss, used.Oublock, memory, blocks)
	}
	b.checkNothingLeft(dir, "bomb.raw.zst")
}
