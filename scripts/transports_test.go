package scripts_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// program is the path of a program that "make build" has made.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../bin/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		peers.Missing(t, "the programs are not built (make build)")
	}
	return path
}

// startMarketplace serves a directory until the test ends, and gives the URL.
func startMarketplace(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(program(t, "marketplace"), "--data", dir, "--listen", "127.0.0.1:0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	var log bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() {
		for s := bufio.NewScanner(stderr); s.Scan(); {
			fmt.Fprintln(&log, s.Text())
			if found := regexp.MustCompile(`serving .* at (http://.*)/$`).FindStringSubmatch(s.Text()); found != nil {
				address <- found[1]
			}
		}
		close(address)
	})
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		reading.Wait()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the Marketplace ends with %v\n%s", err, log.String())
		}
	})
	return <-address
}

// TestTransports: uploads by twenty processes at once, over three ways into one
// tree. All of them are listed afterwards, and nothing else is left.
func TestTransports(t *testing.T) {
	uploader, finder := program(t, "stratus-upload-metadata"), program(t, "find-image")
	dir, tree := t.TempDir(), filepath.Join(t.TempDir(), "tree")
	sshd := sshdtest.Start(t)
	address := startMarketplace(t, tree)
	endpoints := []string{tree, sshd.URL(tree), address}
	endorsers := []*entrytest.Endorser{
		entrytest.NewEndorser(t, "jane@example.org"),
		entrytest.NewEndorser(t, "joe@example.org"),
	}

	const uploads = 20
	var want []string
	var cmds []*exec.Cmd
	for n := range uploads {
		e := endorsers[n%2].Entry(t, entrytest.Description{Content: fmt.Sprint("image ", n/2)})
		file := filepath.Join(dir, fmt.Sprint(n, ".xml"))
		if err := os.WriteFile(file, e.Source, 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, e.Path())
		cmd := exec.Command(
			uploader,
			"--ssh-key",
			sshd.Key,
			"--known-hosts",
			sshd.KnownHosts,
			"--marketplace-endpoint",
			endpoints[n%3],
			file,
		)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		cmds = append(cmds, cmd)
	}
	urls := make([]string, uploads)
	var running sync.WaitGroup
	for n, cmd := range cmds {
		running.Go(func() {
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("upload %d to %s: %v\n%s", n, endpoints[n%3], err, stderr.String())
			}
			urls[n] = string(out)
		})
	}
	running.Wait()
	for n, url := range urls {
		if wantURL := "/" + want[n]; !strings.HasSuffix(url, wantURL+"\n") || strings.Count(url, "\n") != 1 {
			t.Errorf("upload %d printed %q, want a URL that ends with %q", n, url, wantURL)
		}
	}
	slices.Sort(want)
	for _, endpoint := range endpoints {
		cmd := exec.Command(
			finder,
			"--json",
			"--ssh-key",
			sshd.Key,
			"--known-hosts",
			sshd.KnownHosts,
			"--marketplace-endpoint",
			endpoint,
		)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("searching %s: %v", endpoint, err)
		}
		var got []string
		key := regexp.MustCompile(`"identifier":"(.*?)","email":"(.*?)","created":"(.*?)"`)
		for _, f := range key.FindAllStringSubmatch(string(out), -1) {
			got = append(got, "metadata/"+strings.Join(f[1:], "/"))
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries at %s (-want +got):\n%s", endpoint, diff)
		}
	}
	for _, path := range leftovers(t, tree) {
		t.Errorf("left in the tree: %s", path)
	}
}

// leftovers are the files of writers that are at work.
func leftovers(t *testing.T, tree string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(tree, ".stratus"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && (!d.IsDir() || d.Name() == "lock") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
