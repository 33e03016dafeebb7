package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
)

// testBase is the base image that the tests with real machines start from.
func testBase(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("real machines take minutes (-short)")
	}
	peers.Need(t, "qemu-system-x86_64", "qemu-img", "ssh", "debugfs", "curl")
	base := os.Getenv("STRATUS_TEST_BASE")
	if base == "" {
		peers.Missing(t, "STRATUS_TEST_BASE names no base image (make check makes one)")
	}
	return base
}

// runCache is the cache of all builds of this run of the tests: a machine comes up
// once for those that start alike. It goes with the run's temporary files.
func runCache() string { return filepath.Join(os.TempDir(), "cache") }

// child is a run of the command with directories of its own.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	tmp    string // its TMPDIR
	stdout bytes.Buffer
	stderr bytes.Buffer // whole, once wait has returned
	lines  chan string
}

// start runs the command with the arguments in the directory dir.
func start(t *testing.T, dir string, args ...string) *child {
	t.Helper()
	return startWith(t, dir, nil, args...)
}

// startWith is start with variables of the environment.
func startWith(t *testing.T, dir string, env []string, args ...string) *child {
	t.Helper()
	b := &child{t: t, tmp: t.TempDir(), lines: make(chan string, 100)}
	b.cmd = exec.Command(os.Args[0], args...)
	b.cmd.Dir = dir
	b.cmd.Env = append(os.Environ(), commandtest.RunMain+"=1", "TMPDIR="+b.tmp, "HOME="+b.tmp,
		"XDG_CACHE_HOME="+runCache(), "STRATUS_TEST_SECRET=from outside")
	b.cmd.Env = append(b.cmd.Env, env...)
	b.cmd.Stdout = &b.stdout
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := b.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(b.lines)
		s := bufio.NewScanner(stderr)
		for s.Scan() {
			b.stderr.WriteString(s.Text() + "\n")
			b.lines <- s.Text()
		}
	}()
	return b
}

// waitLine waits for a line on standard error and returns what the expression
// matched in it.
func (b *child) waitLine(expression string) []string {
	b.t.Helper()
	re := regexp.MustCompile(expression)
	for line := range b.lines {
		if found := re.FindStringSubmatch(line); found != nil {
			return found
		}
	}
	b.t.Fatalf("the command ended without saying %q:\n%s", expression, b.stderr.String())
	return nil
}

// wait waits for the command's end and returns its exit code, -1 for a signal.
func (b *child) wait() int {
	b.t.Helper()
	for range b.lines { // until standard error closes
	}
	err := b.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return b.cmd.ProcessState.ExitCode()
}

// qemu finds the process of the build's machine.
func (b *child) qemu() int {
	b.t.Helper()
	pids := processesNaming(b.t, b.tmp, "qemu-system")
	if len(pids) != 1 {
		b.t.Fatalf("%d QEMU processes, want 1", len(pids))
	}
	return pids[0]
}

// processesNaming lists the processes that have both texts on their command
// line.
func processesNaming(t *testing.T, texts ...string) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
next:
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile
		}
		for _, text := range texts {
			if !bytes.Contains(line, []byte(text)) {
				continue next
			}
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// checkFails waits for a build that must fail in the directory dir: with the
// exit code, a message that names the cause, no draft, and nothing left but the
// files named.
func (b *child) checkFails(code int, cause, dir string, except ...string) {
	b.t.Helper()
	got := b.wait()
	messages := b.stderr.String()
	b.t.Logf("%s", messages)
	if got != code {
		b.t.Errorf("exit code %d, want %d", got, code)
	}
	if !regexp.MustCompile(cause).MatchString(messages) {
		b.t.Errorf("standard error does not match %q", cause)
	}
	if b.stdout.Len() > 0 {
		b.t.Errorf("standard output has %q", b.stdout.String())
	}
	b.checkNothingLeft(dir, except...)
}

// signal sends a signal to the command.
func (b *child) signal(s syscall.Signal) {
	b.t.Helper()
	if err := b.cmd.Process.Signal(s); err != nil {
		b.t.Error(err)
	}
}

// checkNothingLeft fails if the build left a process, or a file in its
// temporary directory or in dir other than those named.
func (b *child) checkNothingLeft(dir string, except ...string) {
	b.t.Helper()
	if pids := processesNaming(b.t, b.tmp); len(pids) > 0 {
		b.t.Errorf("processes are left: %v", pids)
	}
	if dir != "" {
		if pids := processesNaming(b.t, dir); len(pids) > 0 {
			b.t.Errorf("processes are left: %v", pids)
		}
	}
	for _, d := range []string{b.tmp, dir} {
		entries, err := os.ReadDir(d)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range entries {
			if d == b.tmp || !strings.Contains(" "+strings.Join(except, " ")+" ", " "+e.Name()+" ") {
				b.t.Errorf("left in %s: %s", d, e.Name())
			}
		}
	}
}

// output runs a program and returns what it prints.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, stderr.String())
	}
	return string(out)
}

// writeFile writes a file of a test.
func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// parseDraft checks a draft, and returns it with the image that it describes.
func parseDraft(t *testing.T, draft []byte) (*metadata.Document, diskimage.Image) {
	t.Helper()
	d, err := metadata.Parse(draft)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Check(metadata.Draft); err != nil {
		t.Error(err)
	}
	is, err := d.Image()
	if err != nil {
		t.Fatal(err)
	}
	return d, is
}
