package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// contained is set, to the directory for temporary files, for a process whose
// tests run under Contain.
const contained = "STRATUS_TEST_CONTAINED"

// Contain makes sure that the tests of this process leave nothing behind, however
// they end: a TestMain calls it before anything else. It runs them in a child
// process with a directory of its own for temporary files. When the child has
// ended, or SIGINT, SIGTERM or SIGHUP arrives, or "go test" is gone, it kills
// every process that came of the child, daemons included, removes the directory,
// and ends this process. It returns in the child, and where this is no process
// of "go test", such as a test binary that stands for a command.
func Contain() {
	if os.Getenv(contained) != "" || !strings.HasSuffix(os.Args[0], ".test") {
		return
	}
	code, err := contain()
	if err != nil {
		fmt.Fprintf(os.Stderr, "containing the tests: %v\n", err)
		code = 1
	}
	// os.Exit would wait for the race detector, which has seen nothing.
	_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(code), 0, 0)
}

func contain() (code int, err error) {
	runtime.LockOSThread() // the child dies with the thread that starts it
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		return 0, err
	}
	// Whatever loses its parent becomes a child of ours.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "t")
	if err != nil {
		return 0, err
	}
	tests := exec.Command(os.Args[0], os.Args[1:]...)
	tests.Stdin, tests.Stdout, tests.Stderr = os.Stdin, os.Stdout, os.Stderr
	tests.Env = append(os.Environ(), contained+"="+dir, "TMPDIR="+dir, "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	tests.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	if err := tests.Start(); err != nil {
		return 0, errors.Join(err, os.Remove(dir))
	}
	children := reap()
	for code = -1; code < 0; {
		select {
		case child := <-children:
			if child.pid == tests.Process.Pid {
				code = child.code()
			}
		case s := <-signals:
			if s == unix.SIGQUIT { // "go test" asks for the stacks
				_ = tests.Process.Signal(s)
			} else {
				code = 128 + int(s.(syscall.Signal))
			}
		}
	}
	if err := killDescendants(); err != nil {
		return 0, err
	}
	for range children { // what these leave behind becomes a child of ours
		if err := killDescendants(); err != nil {
			return 0, err
		}
	}
	return code, removeAll(dir)
}

// child is a process that has ended.
type child struct {
	pid    int
	status unix.WaitStatus
}

// code returns what a shell calls the exit code.
func (c child) code() int {
	if c.status.Signaled() {
		return 128 + int(c.status.Signal())
	}
	return c.status.ExitStatus()
}

// reap waits for every child of this process, until there is none.
func reap() <-chan child {
	children := make(chan child)
	go func() {
		defer close(children)
		for {
			var c child
			var err error
			if c.pid, err = unix.Wait4(-1, &c.status, 0, nil); err == nil {
				children <- c
			} else if !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}()
	return children
}

// killDescendants kills every process that descends from this one.
func killDescendants() error {
	parents, err := parentsOfProcesses()
	if err != nil {
		return err
	}
	for pid := range parents {
		ancestor := parents[pid]
		for ancestor > 1 && ancestor != os.Getpid() {
			ancestor = parents[ancestor]
		}
		if ancestor == os.Getpid() {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended meanwhile
		}
	}
	return nil
}

// parentsOfProcesses returns the parent of every process.
func parentsOfProcesses() (map[int]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	parents := make(map[int]int)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile
		}
		// PID (NAME) STATE PARENT …, and the name may hold anything.
		_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
		fields := strings.Fields(rest)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || len(fields) < 2 {
			continue
		}
		if parents[pid], err = strconv.Atoi(fields[1]); err != nil {
			return nil, err
		}
	}
	return parents, nil
}

// removeAll removes a directory with what is mounted in it.
func removeAll(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH)
		}
	}
	err = os.RemoveAll(dir)
	if errors.Is(err, os.ErrPermission) { // a test made a directory that cannot be written to
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				_ = os.Chmod(path, 0o700)
			}
			return nil
		})
		err = os.RemoveAll(dir)
	}
	return err
}
