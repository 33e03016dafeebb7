package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/command/commandtest"
)

func TestMain(m *testing.M) { commandtest.Main(m, "marketplace", main) }

// process is a server that runs.
type process struct {
	url   string
	cmd   *exec.Cmd
	mu    sync.Mutex
	log   []string
	ended chan struct{} // closed when it has ended, with cmd.ProcessState set
}

var address = regexp.MustCompile(` at (http://[^/ ]+)/`)

// start runs the server on a free port and waits until it says which.
func start(t testing.TB, dir string) *process {
	t.Helper()
	p := &process{ended: make(chan struct{})}
	p.cmd = commandtest.Process(t, nil, "--data", dir, "--listen", "127.0.0.1:0")
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			p.mu.Lock()
			p.log = append(p.log, lines.Text())
			p.mu.Unlock()
			if found := address.FindStringSubmatch(lines.Text()); found != nil {
				ready <- found[1]
			}
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Log(p.lines())
		}
	})
	select {
	case p.url = <-ready:
	case <-p.ended:
		t.Fatalf("the server ended: %v\n%s", p.cmd.ProcessState, p.lines())
	}
	return p
}

func (p *process) lines() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// ago is a time before now, to the second.
func ago(d time.Duration) time.Time { return time.Now().Add(-d).Truncate(time.Second) }

func TestUsage(t *testing.T) {
	used, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = used.Close() }()
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":         {[]string{"--help"}, 0, ""},
		"no directory": {nil, 2, `option "--data" is missing`},
		"no uploads": {
			[]string{"--data", t.TempDir(), "--max-uploads", "0"}, 2, "reading --max-uploads 0: not supported; want 1 to 1000"},
		"a URL":      {[]string{"--data", "http://x/"}, 2, `reading --data "http://x/": a URL is not supported; want a directory`},
		"no address": {[]string{"--data", t.TempDir(), "--listen", "nowhere"}, 2, `reading --listen "nowhere": not a valid address`},
		"port in use": {
			[]string{"--data", t.TempDir(), "--listen", used.Addr().String()}, 1, fmt.Sprintf("listening on %q", used.Addr())},
		"no such place": {
			[]string{"--data", "/dev/null", "--listen", "127.0.0.1:0"}, 1, `opening the registry "/dev/null": it is not a directory`},
		"an argument": {[]string{"--data", t.TempDir(), "more"}, 2, "too many arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := command.Run(t.Context(), program(), test.args, command.Streams{In: &out, Out: &out, Err: &errs})
			if code != test.code || !strings.Contains(errs.String(), test.says) {
				t.Errorf("exit %d, want %d; says %q, want %q", code, test.code, errs.String(), test.says)
			}
		})
	}
}

func TestStop(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, t.TempDir())
		if err := p.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		if code := p.cmd.ProcessState.ExitCode(); code != 0 || !strings.HasSuffix(p.lines(), "marketplace: stopped") {
			t.Errorf("%v: exit %d, want 0, and %q", signal, code, p.lines())
		}
	}
}
