package main

import (
	"bufio"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
)

// serveMarket starts the Marketplace's service on a directory, and returns its
// URL.
func serveMarket(t *testing.T, dir string) string {
	t.Helper()
	programs := t.TempDir()
	peers.Build(t, programs, "../scripts/marketplace")
	cmd := exec.Command(programs+"/marketplace", "--data", dir, "--listen", "127.0.0.1:0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	serving := regexp.MustCompile(`serving .* at (http://\S+)`)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := serving.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("the service does not say where it is: %v", lines.Err())
	return ""
}

// TestImpostor: whoever says to be Jane, but is not trusted, has no effect, be
// the Marketplace a directory or a service.
func TestImpostor(t *testing.T) {
	const old = "jane@example.org/old"
	hole := map[metadata.Term]string{metadata.Alternative: "old", metadata.Deprecated: "has a hole"}
	w := newWorld(t)
	tag := map[metadata.Term]string{metadata.Alternative: "disk"}
	w.describe(entrytest.Description{Created: time.Now().AddDate(0, 0, -1), Texts: tag})
	id, honest := w.identifier(), w.fingerprint()
	pin := func(args ...string) []string { return append([]string{"--trust-endorser", honest}, args...) }
	image := w.image
	w.image = append([]byte("old"), image...)
	w.describe(entrytest.Description{Created: time.Now().AddDate(0, 0, -1), Texts: hole})
	w.image = image
	w.jane = entrytest.NewEndorser(t, jane) // from here on Eve, with a certificate of that address
	for n, texts := range []map[metadata.Term]string{nil, tag, {metadata.Alternative: "disk", metadata.Deprecated: "has a hole"}} {
		w.describe(entrytest.Description{Created: time.Now().Add(time.Duration(n-9) * time.Second), Texts: texts})
		w.run(0, pin("--dry-run", id), "endorsed by .*"+honest)
		w.run(0, pin("--dry-run", jane+"/disk"), "endorsed by .*"+honest)
	}
	w.env = append(w.env, "STRATUSLAB_MARKETPLACE_ENDPOINT="+serveMarket(t, w.market))
	w.run(0, pin("--dry-run", id), "endorsed by .*"+honest)
	w.run(0, pin("--dry-run", jane+"/disk"), "endorsed by .*"+honest)
	w.run(3, pin("--dry-run", old), "has a hole", "hint: add --allow-deprecated")
	w.run(0, pin("--dry-run", "--allow-deprecated", old), "endorsed by .*"+honest, "has a hole")
}
