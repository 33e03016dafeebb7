package local

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// Variables of a process that is to be killed: what it does, and the directory with its
// store and its base.
const (
	childTask = "STRATUS_TEST_TASK"
	childDir  = "STRATUS_TEST_DIR"
)

// silent is a log that nobody reads.
type silent struct{ recorder }

func (*silent) Infof(string, ...any) {}
func (*silent) Warnf(string, ...any) {}

// runTask keeps, or resumes, a machine again and again, or leaves one running.
func runTask(task, dir string) error {
	ctx, e := context.Background(), counting()
	spec := func() *engine.Spec {
		work, err := os.MkdirTemp(dir, "work")
		if err != nil {
			panic(err)
		}
		return &engine.Spec{
			Dir: work, Base: engine.Base{Path: filepath.Join(dir, "base.raw"), Format: diskimage.Raw, Size: 1 << 20},
			Size: engine.Size{CPU: 1, RAM: 64, Swap: 1}, Log: new(silent),
			Snapshots: filepath.Join(dir, "warm"), SnapshotBytes: 1 << 30, Keep: task == "leave",
		}
	}
	switch task {
	case "keep":
		m, err := e.Start(ctx, spec())
		for err == nil && last(m) == "" {
			time.Sleep(time.Millisecond) // it is still the BIOS that runs
		}
		for n := 0; err == nil; n++ {
			fmt.Println("keeping")
			_, err = m.(engine.SnapshotMachine).Snapshot(ctx, fmt.Sprintf("n%d", n), []byte(fmt.Sprintf("note of n%d", n)))
		}
		return err
	case "leave":
		m, _, err := e.Resume(ctx, spec(), "one")
		if err != nil {
			return err
		}
		kept, err := m.Keep()
		if err != nil {
			return err
		}
		fmt.Println(strings.TrimPrefix(kept.Name, "process "))
		select {}
	}
	for {
		fmt.Println("resuming")
		m, _, err := e.Resume(ctx, spec(), "one")
		if err != nil {
			return err
		}
		if err := m.Destroy(ctx); err != nil {
			return err
		}
	}
}

// startTask starts a process that is to be killed, and returns its first line.
func startTask(t *testing.T, task, dir string) (child *exec.Cmd, line string) {
	t.Helper()
	child = exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childTask+"="+task, childDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the process says nothing: %v", child.Wait())
	}
	return child, lines.Text()
}

// kill kills a process and waits for its end.
func kill(t *testing.T, child *exec.Cmd) {
	t.Helper()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
}

// awaitEnd waits until no process has the text on its command line.
func awaitEnd(t *testing.T, text string) {
	t.Helper()
	for _, pid := range processesNaming(t, text) {
		// tail ends when the process does.
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := exec.CommandContext(ctx, "tail", "--pid="+pid, "-f", "/dev/null").Run(); err != nil {
			t.Errorf("process %s does not end: %v", pid, err)
		}
	}
}

// awaitUnlocked waits until nobody holds a lock on a directory of a running machine: a
// process that was about to become QEMU does not name it yet.
func awaitUnlocked(t *testing.T, store string) {
	t.Helper()
	for _, name := range names(t, store) {
		if !strings.HasPrefix(name, cache.LivePrefix) {
			continue
		}
		dir, err := os.Open(filepath.Join(store, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSnapshotKilled kills the process that keeps or resumes a machine, at several times.
// What it was making is removed by the next one, and all snapshots are whole.
func TestSnapshotKilled(t *testing.T) {
	peers.Need(t, qemuProgram, imgProgram, "tail")
	dir := t.TempDir()
	store := filepath.Join(dir, "warm")
	m, _ := startCounter(t, counterSpec(t, store))
	keep(t, m, "one")
	if err := m.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
	for _, task := range []string{"keep", "resume"} {
		for _, after := range []int{0, 3, 10, 30, 60, 150} { // milliseconds
			child, _ := startTask(t, task, dir)
			time.Sleep(time.Duration(after) * time.Millisecond) // the moment is what is tested
			kill(t, child)
			awaitEnd(t, dir)
			awaitUnlocked(t, store)
			live, err := m.live.store.makeLive()
			if err != nil {
				t.Fatal(err)
			}
			if err := live.Close(); err != nil {
				t.Error(err)
			}
			if err := m.live.store.sweep(); err != nil {
				t.Error(err)
			}
			for _, name := range names(t, store) {
				if strings.HasPrefix(name, ".") {
					t.Errorf("%s, after %d ms: left %s", task, after, name)
					continue
				}
				resumed := resume(t, counterSpec(t, store), name, "")
				if err := resumed.Destroy(t.Context()); err != nil {
					t.Error(err)
				}
				if name == "one" {
					continue
				}
				if _, err := m.live.store.remove(name); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestSnapshotLeft leaves a machine running that was resumed: what it has in the store
// stays as long as it runs.
func TestSnapshotLeft(t *testing.T) {
	peers.Need(t, qemuProgram, imgProgram, "tail")
	dir := t.TempDir()
	m, _ := startCounter(t, counterSpec(t, filepath.Join(dir, "warm")))
	keep(t, m, "one")
	if err := m.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
	child, line := startTask(t, "leave", dir)
	kill(t, child)
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.live.store.sweep(); err != nil {
		t.Error(err)
	}
	if got := names(t, m.live.store.dir); len(got) != 2 || !strings.HasPrefix(got[0], cache.LivePrefix) || got[1] != "one" {
		t.Errorf("while the machine runs there is %q", got)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("the machine that was left: %v", err)
	}
	awaitEnd(t, dir)
	if err := m.live.store.sweep(); err != nil {
		t.Error(err)
	}
	if got := names(t, m.live.store.dir); len(got) != 1 {
		t.Errorf("when the machine has ended there is %q", got)
	}
}
