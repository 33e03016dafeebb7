package scripts_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
)

// booter is boot-image with this host in place of the machine: a real ssh
// server, and a process that stands for QEMU.
type booter struct {
	dir    string // what stratus-create-image leaves, as long as the machine runs
	script string
	told   string // the arguments that stratus-create-image got
}

func newBooter(t *testing.T) *booter {
	t.Helper()
	peers.Need(t, "bash", "ssh", "curl", "setsid", "tail", "timeout")
	sshd := sshdtest.Start(t)
	top := t.TempDir()
	b := &booter{dir: top + "/vm", script: top + "/scripts/boot-image", told: top + "/told"}
	script, err := os.ReadFile("boot-image")
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := strings.Cut(sshd.KnownHostsLine(0), " ")
	config := fmt.Sprintf(
		"Host vm\n HostName %s\n Port %s\n User %s\n HostKeyAlias %s\n IdentityFile %s\n IdentitiesOnly yes\n UserKnownHostsFile %s\n",
		sshd.Host,
		sshd.Port,
		sshd.User,
		host,
		sshd.Key,
		sshd.KnownHosts,
	)
	for path, content := range map[string]string{
		b.script:            string(script),
		top + "/ssh_config": config,
		top + "/bin/stratus-create-image": fmt.Sprintf(`#!/bin/sh
printf '%%s\n' "$@" >'%s'
mkdir '%s' && cp '%s/ssh_config' '%s' || exit
setsid tail -f '%s/ssh_config' >/dev/null 2>&1 &
echo $! >'%s/pid'
echo '%s'
`, b.told, b.dir, top, b.dir, b.dir, b.dir, b.dir),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// run runs boot-image, and makes sure that nothing is left of the machine.
func (b *booter) run(t *testing.T, args ...string) (code int, stderr string) {
	t.Helper()
	cmd := exec.Command(b.script, args...)
	var says bytes.Buffer
	cmd.Stderr = &says
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the machine's directory: %v", err)
	}
	return cmd.ProcessState.ExitCode(), says.String()
}

// TestBootImageStrangersProcess has the machine end before boot-image does, and
// another process get its number.
func TestBootImageStrangersProcess(t *testing.T) {
	b := newBooter(t)
	var mark strings.Builder
	stranger := exec.Command("sh", "-c", "read -r line || echo alive")
	stranger.Stdout = &mark
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	stranger.Stdin = reader
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- stranger.Wait() }()
	take := fmt.Sprintf(
		`read -r qemu <"$1/pid"; kill "$qemu"; tail --pid="$qemu" -f /dev/null; echo %d >"$1/pid"`,
		stranger.Process.Pid,
	)
	code, says := b.run(t, "--quiet", "image", "--", "sh", "-c", take, "sh", b.dir)
	if code != 0 || says != "" {
		t.Errorf("exit code %d:\n%s", code, says)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil || mark.String() != "alive\n" {
		t.Errorf("the stranger's process: %v", err)
	}
}

func TestProbe(t *testing.T) {
	b := newBooter(t)
	var late atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/missing", http.StatusFound)
		case r.URL.RequestURI() == "/late?a=[1-2]" && late.Add(1) < 3:
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		case r.URL.Path == "/missing":
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	_, web, _ := strings.Cut(server.Listener.Addr().String(), ":")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, nobody, _ := strings.Cut(closed.Addr().String(), ":")
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		probes []string
		code   int
		says   string
	}{
		{[]string{"http://:" + web + "/moved"}, 0, "answers at http://:" + web + "/moved"},
		{[]string{"http://:" + web + "/late?a=[1-2]"}, 0, "late"},
		{[]string{"http://:" + web, "http://:" + web + "/", "tcp://:" + web}, 0, "answers at tcp://:" + web},
		{[]string{"http://:" + web + "/missing"}, 1, "404"},
		{[]string{"tcp://:" + web, "http://:" + nobody}, 1, "does not answer at http://:" + nobody + " within 2 seconds"},
		{[]string{"tcp://:" + nobody}, 1, "does not answer at tcp://:" + nobody + " within 2 seconds"},
	} {
		timeout := "60"
		if test.code != 0 {
			timeout = "2"
		}
		args := []string{"--probe-timeout", timeout}
		for _, url := range test.probes {
			args = append(args, "--probe", url)
		}
		if code, says := b.run(t, append(args, "image")...); code != test.code || !strings.Contains(says, test.says) {
			t.Errorf("%q: exit code %d, want %d and %q:\n%s", test.probes, code, test.code, test.says, says)
		}
	}
	if got := late.Load(); got != 3 {
		t.Errorf("what is late was asked for %d times, want 3", got)
	}
	// A command runs once the machine answers, and not before.
	mark := t.TempDir() + "/mark"
	for url, want := range map[string]bool{"http://:" + web + "/missing": false, "http://:" + web: true} {
		code, _ := b.run(
			t,
			"--quiet",
			"--probe",
			url,
			"--probe-timeout",
			"1",
			"image",
			"--",
			"sh",
			"-c",
			"touch "+mark+"; exit 7",
		)
		if _, err := os.Stat(mark); (err == nil) != want || (code == 7) != want {
			t.Errorf("%s: exit code %d, the command's mark: %v, want %v", url, code, err, want)
		}
		_ = os.Remove(mark)
	}
}

func TestBootImageOptions(t *testing.T) {
	b := newBooter(t)
	code, says := b.run(
		t,
		"--quiet",
		"--context",
		"opennebula",
		"--user-data",
		"x-shellscript,a b.sh",
		"--user-data",
		"none,c",
		"--context-var",
		"A=it's",
		"--firmware",
		"uefi",
		"--disks-bus",
		"ide",
		"--with",
		"--ram=512",
		"an image",
		"--",
		"true",
	)
	if code != 0 || says != "" {
		t.Errorf("exit code %d:\n%s", code, says)
	}
	told, err := os.ReadFile(b.told)
	if err != nil {
		t.Fatal(err)
	}
	want := "--quiet\n--no-shutdown\n--context=opennebula\n--user-data=x-shellscript,a b.sh\n--user-data=none,c\n" +
		"--context-var=A=it's\n--firmware=uefi\n--disks-bus=ide\n--ram=512\nan image\n"
	if diff := cmp.Diff(want, string(told)); diff != "" {
		t.Errorf("stratus-create-image is told (-want +got):\n%s", diff)
	}
	for _, args := range [][]string{
		{}, {"--probe", "https://:443/", "image"}, {"--probe", "http://host:80/", "image"},
		{"--probe", "tcp://:22/x", "image"}, {"--probe", "http://:80/a b", "image"},
		{"--probe-timeout", "0", "image"}, {"--context"}, {"--unknown"}, {"image", "other"},
	} {
		if code, says := b.run(t, args...); code != 2 || !strings.Contains(says, "hint:") {
			t.Errorf("%q: exit code %d, want 2:\n%s", args, code, says)
		}
	}
}
