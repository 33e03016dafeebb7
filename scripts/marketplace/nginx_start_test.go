package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
)

// startNginx serves a directory with the example configuration, in which only
// the port, the directory and the user are changed.
func startNginx(t *testing.T, root string) (base string) {
	t.Helper()
	peers.Need(t, "nginx")
	dir := t.TempDir()
	listen, conf := nginxConf(t, dir, root)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-g", "daemon off;")
	out := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
		log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
		if said := out.String() + string(log); strings.Contains(said, "[warn]") || strings.Contains(said, "[emerg]") {
			t.Errorf("nginx complains: %s", said)
		} else if t.Failed() {
			t.Logf("nginx: %s", said)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if c, err := net.DialTimeout("tcp", listen, time.Second); err == nil {
			_ = c.Close()
			return "http://" + listen
		}
		select {
		case <-ended:
			t.Fatalf("nginx ended: %v", cmd.ProcessState)
		case <-time.After(20 * time.Millisecond): // it tells nobody when it listens
		}
	}
	t.Fatal("nginx does not listen")
	return ""
}

// nginxConf makes a whole configuration of the example, with an address that is
// free.
func nginxConf(t *testing.T, dir, root string) (listen, conf string) {
	t.Helper()
	site, err := os.ReadFile("nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen = free.Addr().String()
	_ = free.Close()
	conf = string(site)
	changes := map[string]string{"listen 80;": "listen " + listen + ";", "root /srv/marketplace;": "root " + root + ";"}
	for old, with := range changes {
		if strings.Count(conf, old) != 1 {
			t.Fatalf("nginx.conf has %q %d times, want once", old, strings.Count(conf, old))
		}
		conf = strings.Replace(conf, old, with, 1)
	}
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	return listen, fmt.Sprintf("%spid %s/pid;\nerror_log %s/error.log;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n",
		userLine(), dir, dir, temporary.String(), conf)
}

// userLine keeps nginx, where root starts it, from giving up the rights to read
// the test's directory.
func userLine() string {
	if os.Getuid() == 0 {
		return "user root;\n"
	}
	return ""
}

// answer is what came back.
type answer struct {
	Status int
	Media  string
	header http.Header
	body   string
}

func get(t *testing.T, address, accept string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return answer{resp.StatusCode, media, resp.Header, string(body)}
}
