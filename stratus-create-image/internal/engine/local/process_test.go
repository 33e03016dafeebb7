package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// TestMain lets the test binary stand for a parent that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STRATUS_TEST_PARENT"); dir != "" {
		vm, err := startProcess(context.Background(), emptyMachine(dir))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(vm.Pid())
		select {} // until the test kills us
	}
	if task := os.Getenv(childTask); task != "" {
		fmt.Println(runTask(task, os.Getenv(childDir)))
		os.Exit(1)
	}
	peers.Contain()
	os.Exit(m.Run())
}

// emptyMachine is a machine without anything on its disks.
func emptyMachine(dir string) *machineConfig {
	c := &machineConfig{
		Dir: dir, Accel: TCG, CPU: 1, RAM: 64, Base: dir + "/base.raw", BaseFormat: "raw",
		Seeds: []string{dir + "/seed.iso"}, Network: NoNetwork,
	}
	for _, f := range []string{c.Base, c.Seeds[0]} {
		if err := os.WriteFile(f, make([]byte, 1<<20), 0o600); err != nil {
			panic(err)
		}
	}
	create := exec.Command("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", c.Base, c.Overlay(), "1M")
	if out, err := create.CombinedOutput(); err != nil {
		panic(string(out))
	}
	return c
}

func startEmpty(t *testing.T) *process {
	t.Helper()
	peers.Need(t, qemuProgram, "qemu-img")
	dir := t.TempDir() + "/" + strings.Repeat("a long name ", 15) // longer than a socket's path may be
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	m, err := startProcess(t.Context(), emptyMachine(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Destroy)
	return m
}

func TestBootingSeesTheConsole(t *testing.T) {
	m := startEmpty(t)
	ctx, cancel := m.Booting(t.Context())
	defer cancel()
	<-ctx.Done() // the BIOS finds nothing to boot
	if err := context.Cause(ctx); !errors.Is(err, engine.ErrBoot) || !strings.Contains(err.Error(), "nothing to boot") {
		t.Errorf("the cause is %v", err)
	}
	if tail := strings.Join(m.ConsoleTail(20), "\n"); !strings.Contains(tail, "SeaBIOS") {
		t.Errorf("the console's tail is %q", tail)
	}
}

func TestKilled(t *testing.T) {
	m := startEmpty(t)
	ctx, cancel := m.Alive(t.Context())
	defer cancel()
	if err := m.Ended(0); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(m.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, engine.ErrEnded) || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("the cause is %v", err)
	}
	if err := m.Shutdown(t.Context(), time.Second, func(context.Context) error { return nil }); !errors.Is(err, engine.ErrDirty) {
		t.Errorf("shutting down a dead machine: %v, want ErrDirty", err)
	}
	m.Destroy()
	m.Destroy() // again is fine
}

func TestShutdownIgnored(t *testing.T) {
	m := startEmpty(t)
	// The BIOS knows no power button.
	err := m.Shutdown(t.Context(), time.Second, func(context.Context) error { return errors.New("nobody there") })
	if !errors.Is(err, engine.ErrDirty) || !strings.Contains(err.Error(), "ignores both") {
		t.Errorf("shutting down a deaf machine: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no more"))
	err = m.Shutdown(ctx, time.Minute, func(context.Context) error { return nil })
	if err == nil || errors.Is(err, engine.ErrDirty) || !strings.Contains(err.Error(), "no more") {
		t.Errorf("shutting down under a cancelled context: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	peers.Need(t, qemuProgram, "qemu-img")
	c := emptyMachine(t.TempDir())
	c.RAM = 1 << 40
	if _, err := startProcess(t.Context(), c); err == nil || !strings.Contains(err.Error(), "qemu says: ") {
		t.Errorf("starting with absurd memory: %v", err)
	}
}

// TestDiesWithParent kills the parent in a way that lets it do nothing more.
func TestDiesWithParent(t *testing.T) {
	peers.Need(t, qemuProgram, "qemu-img", "tail")
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "STRATUS_TEST_PARENT="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	// tail ends when the process does.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := exec.CommandContext(ctx, "tail", fmt.Sprintf("--pid=%d", pid), "-f", "/dev/null").Run(); err != nil {
		t.Errorf("QEMU outlives its parent: %v", err)
	}
}

func TestResolve(t *testing.T) {
	for _, name := range []string{"kvm", "tcg"} {
		a, err := ParseAccel(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, reason := a.Resolve(); got != a || reason != "" {
			t.Errorf("%s resolves to %s, %q", a, got, reason)
		}
	}
	got, reason := Auto.Resolve()
	if got == TCG && reason == "" || got == KVM && reason != "" || got == Auto {
		t.Errorf("auto resolves to %s, reason %q", got, reason)
	}
	if _, err := ParseAccel("xen"); err == nil {
		t.Error("xen is accepted")
	}
}
