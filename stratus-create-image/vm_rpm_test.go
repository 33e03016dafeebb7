package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/repotest"
)

// Debian's rpm keeps a database of its own in root's home, where zypper does not
// look.
const rpmMacros = "%_dbpath /var/lib/rpm\n"

// rpmArchive serves a signed repository with two packages to machines, and gives
// its entry.
func rpmArchive(t *testing.T) (repo string) {
	t.Helper()
	dir, signer := t.TempDir(), repotest.NewSigner(t)
	repotest.RPMs(t, dir, signer, repotest.Package{Name: "stratus-alpha"}, repotest.Package{Name: "stratus-gamma"})
	port, _ := repotest.Serve(t, dir)
	return "[key=" + signer.KeyFile(t) + "] http://" + toHost + ":" + port
}

// localRPM makes stratus-beta.rpm, which needs stratus-alpha and is not signed.
func localRPM(t *testing.T, dir string) {
	t.Helper()
	made := t.TempDir()
	repotest.RPMs(t, made, nil, repotest.Package{Name: "stratus-beta", Needs: "stratus-alpha"})
	output(t, "mv", made+"/stratus-beta.rpm", dir)
}

// testDnf has dnf install, in an image that TestPackages made; then a script
// fails, and its maker is told.
func testDnf(t *testing.T, base string) {
	dir := t.TempDir()
	server, mailing := mailServer(t)
	writeFile(t, dir+"/macros", rpmMacros, 0o644)
	// What is written to a terminal is sent once stty has changed its settings.
	writeFile(t, dir+"/three.sh", "#!/bin/sh\nset -e\n"+
		"rpm -q --qf '%{NAME} ' stratus-alpha stratus-beta stratus-gamma; cat /opt/stratus-*/file\n"+
		"echo the last words >/dev/ttyS0; stty -F /dev/ttyS0 sane\nexit 3\n", 0o755)
	localRPM(t, dir)
	started := time.Now()
	b := start(t, dir, append(mailing, "--title", "Never", "--copy", "macros:/etc/rpm/macros", "--os", "fedora",
		"--extra-os-repos", rpmArchive(t), "-a", "stratus-gamma,./stratus-beta.rpm", "-s", "three.sh arg", "-o", "out.qcow2", base)...)
	b.checkFails(1, `running the script "three.sh": three.sh: exit status 3`, dir, "macros", "three.sh", "stratus-beta.rpm")
	waited := time.Since(started)
	if !strings.Contains(b.stderr.String(), "three.sh| stratus-alpha stratus-beta stratus-gamma content\n") {
		t.Error("the packages are not installed")
	}
	checkFailureMailed(t, b, server, waited)
}

// testZypper has zypper install, in an image that TestPackages made. The image
// that comes of it is one that nobody should publish, and its maker cannot be
// told by mail.
func testZypper(t *testing.T, base string) {
	dir := t.TempDir()
	writeFile(t, dir+"/macros", rpmMacros, 0o644)
	writeFile(t, dir+"/plant.sh", plant, 0o755)
	localRPM(t, dir)
	b := start(t, dir, "--notify", "--author-email", jane, "--smtp-server", "smtp://127.0.0.1:"+freePort(t),
		"--notify-command", "cat >told.json",
		"--title", "Bad", "--copy", "macros:/etc/rpm/macros", "--installer", "zypper", "--extra-os-repos", rpmArchive(t),
		"-a", "./stratus-beta.rpm,stratus-gamma", "-s", "plant.sh", "--no-seal", "history", "--no-seal", "machine-id",
		"--no-seal", "ssh-keys", "--no-seal", "ssh-dirs", "--sbom", "bill.json", "-o", "bad.qcow2", base)
	code := b.wait()
	t.Logf("%s", b.stderr.String())
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	checkUnsent(t, b, dir+"/bad.qcow2", dir+"/told.json")
	b.checkNothingLeft(dir, "macros", "plant.sh", "stratus-beta.rpm", "told.json", "bill.json", "bad.qcow2", "bad.qcow2.eml")
	got, _, image := readBill(t, dir+"/bill.json", "rpm")
	added := marks{"1.0-1", "true", ""}
	if diff := cmp.Diff(map[string]marks{"stratus-alpha": added, "stratus-beta": added, "stratus-gamma": added}, got); diff != "" {
		t.Errorf("packages of rpm (-want +bill of materials):\n%s", diff)
	}
	debs, _, _ := readBill(t, dir+"/bill.json", "deb")
	if was := debs["stratus-beta"]; was != (marks{"1.0", "", ""}) {
		t.Errorf("a package of dpkg that the base had: %+v", was)
	}
	checkNamed(t, dir+"/bill.json", b.stdout.Bytes(), image)
	testBad(t, dir+"/bad.qcow2")
}
