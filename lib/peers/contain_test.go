package peers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// messy is set for a test process that leaves things behind.
const messy = "STRATUS_TEST_MESSY"

func TestMain(m *testing.M) {
	Contain()
	if how := os.Getenv(messy); how != "" {
		os.Exit(leaveThings(how))
	}
	m.Run()
}

// leaveThings makes temporary files that cannot simply be removed, starts a
// process and a daemon that ignore signals, prints their numbers and its own,
// and ends with 7; how is "stay" if it is to stay instead.
func leaveThings(how string) int {
	dir, err := os.MkdirTemp("", "left")
	if err == nil {
		err = os.WriteFile(dir+"/file", nil, 0o600)
	}
	if err == nil {
		err = os.Chmod(dir, 0)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	const script = `trap "" HUP INT TERM
(setsid sh -c 'trap "" HUP INT TERM; echo $$; sleep 3600' &)
echo $$
sleep 3600`
	fmt.Println(os.Getpid())
	daemon := exec.Command("sh", "-c", script)
	daemon.Stdout = os.Stdout
	if err := daemon.Start(); err != nil {
		fmt.Println(err)
		return 1
	}
	if how == "stay" {
		_ = daemon.Wait() // which does not end
	}
	// The daemon has started when both have printed their numbers; only the
	// test sees that, and says so.
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 7
}

// TestContain ends test processes in every way, and looks that nothing is left.
func TestContain(t *testing.T) {
	Need(t, "sh", "setsid", "sleep")
	toContainer := func(s syscall.Signal) func(*testing.T, *exec.Cmd, int) {
		return func(t *testing.T, cmd *exec.Cmd, _ int) {
			if err := cmd.Process.Signal(s); err != nil {
				t.Error(err)
			}
		}
	}
	for _, test := range []struct {
		name string
		how  string
		end  func(t *testing.T, cmd *exec.Cmd, tests int)
		code int
	}{
		{"end", "end", func(*testing.T, *exec.Cmd, int) {}, 7},
		{"interrupted", "stay", toContainer(syscall.SIGINT), 130},
		{"terminated", "stay", toContainer(syscall.SIGTERM), 143},
		{"hung up", "stay", toContainer(syscall.SIGHUP), 129},
		{"tests killed", "stay", func(t *testing.T, _ *exec.Cmd, tests int) {
			if err := syscall.Kill(tests, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}, 137},
		{"stacks asked for", "stay", toContainer(syscall.SIGQUIT), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), contained+"=", messy+"="+test.how, "TMPDIR="+tmp)
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(stdout)
			pids := readPIDs(t, out)
			test.end(t, cmd, pids[0])
			if err := stdin.Close(); err != nil {
				t.Error(err)
			}
			checkGone(t, out, tmp, pids)
			_ = cmd.Wait() // whose code is compared
			if code := cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
		})
	}
}

// TestContainOrphan kills what started the test process, as "go test" may be.
func TestContainOrphan(t *testing.T) {
	Need(t, "sh", "setsid", "sleep")
	tmp := t.TempDir()
	parent := exec.Command("sh", "-c", `"$0"; exit`, os.Args[0])
	parent.Env = append(os.Environ(), contained+"=", messy+"=stay", "TMPDIR="+tmp)
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	pids := readPIDs(t, out)
	if err := parent.Process.Kill(); err != nil {
		t.Error(err)
	}
	checkGone(t, out, tmp, pids)
	_ = parent.Wait() // it was killed
}

// readPIDs reads the numbers of the three processes, that of the tests first.
func readPIDs(t *testing.T, out *bufio.Reader) []int {
	t.Helper()
	var pids []int
	for range 3 {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// checkGone waits until nobody writes to out any more, and looks for processes
// and files.
func checkGone(t *testing.T, out io.Reader, tmp string, pids []int) {
	t.Helper()
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	var left []string
	for _, pid := range pids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err == nil && !strings.Contains(string(status), "State:\tZ") {
			left = append(left, fmt.Sprint("process ", pid))
		}
	}
	entries, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff([]string(nil), left); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

// TestEverywhere looks for Contain, or for what calls it in the tests of a command,
// in the tests of every package.
func TestEverywhere(t *testing.T) {
	contains := make(map[string]bool)
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		dir := filepath.Dir(path)
		for _, call := range []string{"Contain()\n", "{ commandtest.Main(m, "} {
			contains[dir] = contains[dir] || bytes.Contains(text, []byte(call))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(contains) < 10 {
		t.Errorf("tests were found in %d directories", len(contains))
	}
	for dir, does := range contains {
		if !does {
			t.Errorf("no TestMain in %s calls peers.Contain", dir)
		}
	}
}
