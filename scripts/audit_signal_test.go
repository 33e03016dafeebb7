package scripts_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestAuditImageStopped has audit-image interrupted while the machine runs, and once
// more while it ends, which is told in more words than a pipe holds.
func TestAuditImageStopped(t *testing.T) {
	peers.Need(t, "bash", "tail", "seq")
	for signal, want := range map[syscall.Signal]string{syscall.SIGTERM: "TERM", syscall.SIGINT: "INT"} {
		bin, tmp := t.TempDir(), t.TempDir()
		plantFile(t, bin+"/stratus-create-image", `#!/bin/bash
tail --pid=$$ -f /dev/null >/dev/null 2>&1 &
hurry() { kill $!; seq 20000 >&2; echo "$1" >`+bin+`/ended; exit 1; }
end() { trap 'hurry INT' INT; trap 'hurry TERM' TERM; echo ending >&2; }
trap end INT TERM
echo "the machine runs: $$" >&2
until wait; do :; done
`)
		cmd := exec.Command("./audit-image", "image")
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "TMPDIR="+tmp)
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var says strings.Builder
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if number, ok := strings.CutPrefix(lines.Text(), "the machine runs: "); ok {
				pid, err := strconv.Atoi(number)
				if err != nil {
					t.Fatal(err)
				}
				// A machine that is forgotten must not outlive the test.
				defer time.AfterFunc(20*time.Second, func() { _ = syscall.Kill(pid, syscall.SIGKILL) }).Stop()
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			if lines.Text() == "ending" {
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			says.WriteString(lines.Text() + "\n")
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		ended, err := os.ReadFile(bin + "/ended")
		if code := cmd.ProcessState.ExitCode(); code != 128+int(signal) || err != nil || string(ended) != want+"\n" {
			t.Errorf("%v: exit code %d, want %d; the machine's end: %q, %v", signal, code, 128+int(signal), ended, err)
		}
		if !strings.HasSuffix(says.String(), "\n20000\n") {
			t.Errorf("%v: the last words are not told:\n%.200s", signal, says.String())
		}
		if left, err := filepath.Glob(tmp + "/*"); err != nil || len(left) > 0 {
			t.Errorf("%v: left: %q, %v", signal, left, err)
		}
	}
}

// TestAuditImageFlood has the machine say more than a host has room for.
func TestAuditImageFlood(t *testing.T) {
	peers.Need(t, "bash", "seq", "du")
	const line = "stratus-create-image: audit-guest.sh| audit "
	for name, test := range map[string]struct {
		says string
		code int
		last string
	}{
		"words":         {"seq -f 'console| %0100.0f' 5000; echo '" + line + "end - - -'", 0, ""},
		"one long word": {"printf 'console| %0500000d\\n' 1; echo '" + line + "end - - -'", 0, ""},
		"findings": {"seq -f '" + line + "problem secret /%0100.0f words' 9000; echo '" + line + "end - - -'", 2,
			"audit-image: the findings have more than 1048576 bytes\naudit-image: \"image\": the audit did not complete\n"},
	} {
		bin, tmp := t.TempDir(), t.TempDir()
		t.Setenv("TMPDIR", tmp)
		plantFile(
			t,
			bin+"/stratus-create-image",
			"#!/bin/sh\n{ "+test.says+"; } >&2\ndu -sk "+tmp+" | cut -f 1 >"+bin+"/size\n",
		)
		code, _, stderr := runScript(t, bin, "./audit-image", "--quiet", "image")
		if diff := cmp.Diff(test.last, stderr); diff != "" || code != test.code {
			t.Errorf("%s: exit code %d, want %d (-want +got):\n%s", name, code, test.code, diff)
		}
		size, err := os.ReadFile(bin + "/size")
		if kept := strings.TrimSpace(string(size)); err != nil || len(kept) > 4 || kept > "1200" && len(kept) == 4 ||
			name != "findings" && len(kept) > 2 {
			t.Errorf("%s: %s KiB are kept, %v", name, kept, err)
		}
	}
}
