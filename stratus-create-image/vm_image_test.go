package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
)

// TestImage makes a customized image and looks at it from all sides: its
// description, its file system, and a machine that is started from it.
func TestImage(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, dir+"/setup.sh", `#!/bin/sh
set -eu
printf '<p>%s|%s|%s\n' "$1" "$2" "$SECRET" >/var/www/html/index.html
echo "the key is $(cat /root/.ssh/authorized_keys)"
touch /root/.bash_history /tmp/left-over /opt/junk-1
`, 0o755)
	writeFile(t, dir+"/site/extra page.html", "copied\n", 0o604)
	b := start(t, dir,
		"-a", "nginx-light", "-s", `setup.sh "two words" /a/b`, "--copy", "site:/var/www/html", "--env", "SECRET=it's",
		"--exclude", "/opt/junk-*", "--title", "A <title> & more", "--author", "Jane", "--author-email", "jane@example.org",
		"-o", "web.qcow2", base)
	key := b.waitLine(`the key is ssh-ed25519 (\S+)`)[1]
	if code := b.wait(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, b.stderr.String())
	}
	t.Logf("%s", b.stderr.String())
	checkLines(t, b.stderr.String(), `took its context from (.*)`, "cloud-init (NoCloud)")
	b.checkNothingLeft(dir, "setup.sh", "site", "web.qcow2")
	checkDraft(t, dir+"/web.qcow2", base, b.stdout.Bytes())
	checkDisk(t, dir+"/web.qcow2", key)
	checkBoots(t, dir+"/web.qcow2")
}

// checkDraft compares the description with what coreutils say of the files.
func checkDraft(t *testing.T, image, base string, draft []byte) {
	t.Helper()
	d, got := parseDraft(t, draft)
	if diff := cmp.Diff(digests(t, image), got); diff != "" {
		t.Errorf("the draft's digests (-want +got):\n%s", diff)
	}
	checkTerms(t, d, map[metadata.Term]string{
		metadata.Title: "A <title> & more", metadata.Creator: "Jane <jane@example.org>",
		metadata.OS: "debian", metadata.OSArch: "x86_64", metadata.Version: "1.0",
		metadata.Format: "qcow2", metadata.Compression: "", metadata.IsVersionOf: metadata.IdentifierOf(digests(t, base).SHA1),
	})
}

// digests returns what coreutils say of a file.
func digests(t *testing.T, file string) diskimage.Image {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(program string) []byte {
		digest, err := hex.DecodeString(strings.Fields(output(t, program, file))[0])
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	return diskimage.Image{
		Bytes: info.Size(), MD5: sum("md5sum"), SHA1: sum("sha1sum"), SHA256: sum("sha256sum"), SHA512: sum("sha512sum"),
	}
}

// checkDisk looks into the image without starting it.
func checkDisk(t *testing.T, image, key string) {
	t.Helper()
	if info := output(t, "qemu-img", "info", image); strings.Contains(info, "backing file") {
		t.Errorf("the image has a backing file:\n%s", info)
	}
	d := openDisk(t, image)
	if id := d.debugfs("cat /etc/machine-id"); id != "" {
		t.Errorf("the machine-id is %q, want none", id)
	}
	for dir, forbidden := range map[string]string{
		"/etc/ssh":           "ssh_host_",
		"/root/.ssh":         "authorized_keys|known_hosts",
		"/root":              "_history",
		"/var/lib/cloud":     "instance|data|seed|sem",
		"/tmp":               "left-over",
		"/opt":               "junk",
		"/var/lib/systemd":   "random-seed",
		"/var/lib/apt/lists": "_Packages|InRelease",
		"/var/log/journal":   "[0-9a-f]{32}",
		"/var/tmp":           "stratus",
	} {
		if listing := d.debugfs("ls -p " + dir); regexp.MustCompile(forbidden).MatchString(listing) {
			t.Errorf("%s holds what it must not (%s):\n%s", dir, forbidden, listing)
		}
	}
	const mode = `Mode:\s+0604[\s\S]*User:\s+0\s+Group:\s+0`
	if stat := d.debugfs(`stat "/var/www/html/extra page.html"`); !regexp.MustCompile(mode).MatchString(stat) {
		t.Errorf("the copied file has another mode or owner:\n%s", stat)
	}
	if found := countInFile(t, d.raw, []byte(key)); found > 0 {
		t.Errorf("the build key stands %d times on the disk, deleted files included", found)
	}
}

// countInFile counts a text in a file of any size.
func countInFile(t *testing.T, path string, text []byte) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count, kept := 0, 0
	buffer := make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(f, buffer[kept:])
		window := buffer[:kept+n]
		count += bytes.Count(window, text)
		if err != nil {
			return count
		}
		// A text that is cut in two is found in the next window.
		kept = copy(buffer, window[len(window)-len(text)+1:])
	}
}

// checkBoots starts the image with the helper script and fetches its page.
func checkBoots(t *testing.T, image string) {
	t.Helper()
	port := freePort(t)
	page := output(t, "bash", "-c", `PATH=$1; exec ../scripts/boot-image --quiet --forward "$2:80" "$3" -- sh -c '
		curl -sSf --max-time 60 "http://127.0.0.1:$1/" "http://127.0.0.1:$1/extra%20page.html" || exit 1
		ssh -F "$STRATUS_SSH_CONFIG" vm "wc -c </etc/machine-id; ls /etc/ssh/ssh_host_*_key; systemctl is-active nginx"' sh "$2"`,
		"boot", withCommand(t), port, image)
	want := "<p>two words|/a/b|it's\ncopied\n33\n/etc/ssh/ssh_host_ed25519_key\nactive\n"
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("the booted image (-want +got):\n%s", diff)
	}
}

// freePort finds a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
