package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/peers"
)

func TestMain(m *testing.M) { commandtest.Main(m, "stratus-build-metadata", main) }

func TestScripts(t *testing.T) {
	peers.NeedIfRequired(t, "bzip2", "gzip", "qemu-img", "tar", "xmllint", "xz", "zstd")
	commandtest.Scripts(t, func(p *testscript.Params) { p.Cmds["describes"] = describes })
}

// An interrupt while the image is being read must end the command at once and
// leave nothing, whoever keeps standard input open.
func TestInterruptLeavesNothing(t *testing.T) {
	raw := make([]byte, 256<<10) // more than a pipe holds: when it is written, much of it was read
	_, _ = rand.NewChaCha8([32]byte{}).Read(raw)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	for name, image := range map[string][]byte{"raw": raw, "gzip": packed.Bytes()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := commandtest.Process(t, []string{"HOME=" + dir, "TMPDIR=" + dir}, "-o", filepath.Join(dir, "out.xml"), "-")
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := stdin.Write(image); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Errorf("got %v, want exit status 130", err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("left behind: %v (%v)", entries, err)
			}
		})
	}
}
