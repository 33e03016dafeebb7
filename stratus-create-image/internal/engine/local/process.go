package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// errNoDisk reports that the machine's kernel does not find its disk, for which
// it may have a driver on another bus. It wraps engine.ErrBoot.
var errNoDisk = fmt.Errorf("%w: the kernel does not find its root file system", engine.ErrBoot)

// process is QEMU with a running virtual machine.
type process struct {
	config  *machineConfig
	cmd     *exec.Cmd
	monitor *monitor
	console *console
	exited  chan struct{} // closed when QEMU has ended
	exitErr error         // how; set before exited is closed
	port    string

	mu       sync.Mutex
	shutdown string // the reason of QEMU's SHUTDOWN event
	resets   int
	looping  chan struct{} // closed when the machine keeps restarting

	migrated chan string // how a migration ended, in QEMU's words
}

// startProcess starts QEMU with the machine's files, which must be in its directory.
// Destroy must be called, unless the machine is to outlive us.
func startProcess(ctx context.Context, config *machineConfig) (*process, error) {
	m := &process{config: config, exited: make(chan struct{}), looping: make(chan struct{}), migrated: make(chan string, 1)}
	qmp, console, err := m.launch()
	if err != nil {
		return nil, fmt.Errorf("starting QEMU: %w", err)
	}
	go m.console.follow(console)
	if m.monitor, err = newMonitor(ctx, qmp, m.handle); err == nil {
		err = m.findPort(ctx)
	}
	if err == nil && config.State != nil {
		err = m.loadState(ctx, config.State)
	}
	if err == nil {
		err = m.monitor.execute(ctx, "cont", nil, nil)
	}
	if err != nil {
		m.Destroy()
		return nil, fmt.Errorf("starting QEMU: %w%s", err, m.qemuSays())
	}
	return m, nil
}

// launch starts the process and connects to its two sockets.
func (m *process) launch() (qmp, console *net.UnixConn, err error) {
	qemuLog, err := os.OpenFile(filepath.Join(m.config.Dir, qemuLogFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer qemuLog.Close()
	consoleLog, err := os.OpenFile(m.config.consoleLog(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	m.console = newConsole(consoleLog)
	if m.config.OVMF != nil && m.config.State == nil {
		if err := m.config.OVMF.copyVars(m.config.vars()); err != nil {
			return nil, nil, err
		}
	}
	argv := m.config.Argv()
	m.cmd = exec.Command(argv[0], argv[1:]...) //nolint:noctx // Destroy ends it: a cancelled build may keep its machine for a look
	m.cmd.Stdout, m.cmd.Stderr = qemuLog, qemuLog
	// A group of its own: Ctrl-C at the terminal is for us to handle.
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !m.config.Keep {
		m.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	qmpEnd, qmp, err := listen(m.config.Dir, qmpSocket)
	if err != nil {
		return nil, nil, err
	}
	defer qmpEnd.Close()
	consoleEnd, console, err := listen(m.config.Dir, conSocket)
	if err != nil {
		return nil, nil, errors.Join(err, qmp.Close())
	}
	defer consoleEnd.Close()
	// qmpFD, consoleFD and memoryFD first. A place without a file is closed in QEMU.
	m.cmd.ExtraFiles = append([]*os.File{qmpEnd, consoleEnd, m.config.Memory}, m.config.Holds...)
	started := make(chan error)
	go m.run(started)
	if err := <-started; err != nil {
		return nil, nil, errors.Join(err, qmp.Close(), console.Close())
	}
	return qmp, console, nil
}

// run starts the process and waits for its end. The kernel ends the child when
// the thread that started it ends (PDEATHSIG), so that thread is held here.
func (m *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := m.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	m.exitErr = m.cmd.Wait()
	close(m.exited)
}

// forwarded finds the port that QEMU chose, in its table of connections.
var forwarded = regexp.MustCompile(`TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s`)

func (m *process) findPort(ctx context.Context) error {
	var table string
	err := m.monitor.execute(ctx, "human-monitor-command", map[string]string{"command-line": "info usernet"}, &table)
	if err != nil {
		return err
	}
	found := forwarded.FindStringSubmatch(table)
	if found == nil {
		return fmt.Errorf("finding the forwarded port: QEMU says %q", table)
	}
	m.port = found[1]
	return nil
}

// maxResets is how often a machine may restart before it counts as one that
// never comes up.
const maxResets = 3

// handle takes note of QEMU's events.
func (m *process) handle(e event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.Name {
	case "SHUTDOWN":
		m.shutdown = e.Data.Reason
	case "RESET":
		if m.resets++; m.resets == maxResets+1 {
			close(m.looping)
		}
	case "MIGRATION":
		if s := e.Data.Status; s == "completed" || s == "failed" {
			select {
			case m.migrated <- s:
			default: // nobody waits for the one before
			}
		}
	}
}

// Address is where the machine's ssh port is found: host:port.
func (m *process) Address() string { return net.JoinHostPort("127.0.0.1", m.port) }

// Pid is QEMU's process number.
func (m *process) Pid() int { return m.cmd.Process.Pid }

// Booting returns a context that ends as soon as the machine cannot come up any
// more: QEMU ended, the console shows a known failure, or the machine keeps
// restarting. The cause wraps engine.ErrEnded, engine.ErrBoot or
// errNoDisk.
func (m *process) Booting(parent context.Context) (context.Context, context.CancelFunc) {
	return m.watch(parent, m.console.trouble, m.looping)
}

// Alive returns a context that ends when QEMU does, with a cause that wraps
// engine.ErrEnded.
func (m *process) Alive(parent context.Context) (context.Context, context.CancelFunc) {
	return m.watch(parent, nil, nil)
}

func (m *process) watch(parent context.Context, trouble <-chan error, looping <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case <-m.exited:
			cancel(fmt.Errorf("%w: %s%s", engine.ErrEnded, m.describeExit(), m.qemuSays()))
		case err := <-trouble:
			cancel(err)
		case <-looping:
			cancel(fmt.Errorf("%w: it keeps restarting", engine.ErrBoot))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// ConsoleTail returns the last lines of the serial console.
func (m *process) ConsoleTail(lines int) []string { return m.console.lastLines(lines) }

// describeExit returns how QEMU ended. It must have ended.
func (m *process) describeExit() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var exit *exec.ExitError
	switch {
	case m.shutdown != "" && m.exitErr == nil:
		return "shut down (" + m.shutdown + ")"
	case errors.As(m.exitErr, &exit):
		return "QEMU: " + exit.String()
	case m.exitErr != nil:
		return "QEMU: " + m.exitErr.Error()
	}
	return "QEMU: exit status 0"
}

// qemuSays returns the last lines that QEMU printed, ready to be appended.
func (m *process) qemuSays() string {
	log, err := os.ReadFile(filepath.Join(m.config.Dir, qemuLogFile))
	if err != nil || len(bytes.TrimSpace(log)) == 0 {
		return ""
	}
	const keep = 1000
	return "\nqemu says: " + strings.TrimSpace(string(log[max(0, len(log)-keep):]))
}
