package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/repotest"
)

// toHost is where a machine reaches the servers of 127.0.0.1 here.
const toHost = "10.0.2.2"

// account is the user that the build of TestPackages makes for itself; nothing
// else has such a name.
const account = "stratus-maker"

// archives are what packages come from.
type archives struct {
	key                             string // signs the first of the repositories
	signed, unsigned, mirror, proxy string // URLs, as a machine knows them
	mirrored, proxied               *repotest.Requests
}

func newArchives(t *testing.T) *archives {
	t.Helper()
	signer, signed, unsigned := repotest.NewSigner(t), t.TempDir(), t.TempDir()
	// A base image has the second, in an older version.
	repotest.Debs(t, signed, repotest.Package{Name: "stratus-alpha"}, repotest.Package{Name: "runit-helper", Version: "99.0"})
	repotest.Apt(t, signed, signer)
	repotest.Debs(t, unsigned, repotest.Package{Name: "stratus-gamma"})
	repotest.Apt(t, unsigned, nil)
	url := func(port string) string { return "http://" + toHost + ":" + port }
	signedPort, _ := repotest.Serve(t, signed)
	unsignedPort, _ := repotest.Serve(t, unsigned)
	mirrorPort, mirrored := repotest.Relay(t, "http://deb.debian.org", nil)
	proxyPort, proxied := repotest.Relay(t, "http://deb.debian.org", map[string]string{toHost: "127.0.0.1"})
	return &archives{
		key: signer.KeyFile(t), signed: url(signedPort), unsigned: url(unsignedPort),
		mirror: url(mirrorPort), mirrored: mirrored, proxy: url(proxyPort), proxied: proxied,
	}
}

// TestPackages makes an image of one in a Marketplace, of which it has nothing but
// the identifier, with packages from everywhere. It tells its maker by mail, and
// looks into the image; what that is then good for is tried with three more
// machines. Those of other package managers are in vm_rpm_test.go.
func TestPackages(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir, from := t.TempDir(), newArchives(t)
	w := newWorldOf(t, base)
	server, mailing := mailServer(t)
	repotest.Debs(t, dir, repotest.Package{Name: "stratus-beta", Needs: "stratus-alpha"})
	// One of those that zypper's package recommends has it insist on rpms of the
	// whole system.
	writeFile(t, dir+"/apt.conf", "APT::Install-Recommends \"false\";\n", 0o644)
	started := time.Now()
	b := startWith(t, dir, w.env, w.trusted(append(mailing, "--title", "Packages", "--ssh-user", account,
		"--copy", "apt.conf:/etc/apt/apt.conf.d/99test",
		"--extra-os-repos", "[key="+from.key+"] "+from.signed+" ./", "--extra-os-repos", from.unsigned+" ./", "--allow-unsigned-repos",
		"--apt-mirror", from.mirror+"/debian", "--apt-mirror", "http://deb.debian.org/debian-security="+from.mirror+"/debian-security",
		"--package-proxy", from.proxy, "--update", "--remove", "zstd", "-a", "stratus-gamma,dnf,zypper", "-a", "./stratus-beta.deb",
		"--run", "cat /usr/share/stratus-*/file; "+listPackages, "--sbom", "bill.json", "--replaces", replaced,
		"-o", "packages.qcow2", w.identifier())...)...)
	if code := b.wait(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, b.stderr.String())
	}
	t.Logf("%s", b.stderr.String())
	image := dir + "/packages.qcow2"
	b.checkNothingLeft(dir, "apt.conf", "stratus-beta.deb", "bill.json", "packages.qcow2")
	if content := strings.Count(b.stderr.String(), "run| content\n"); content != 3 {
		t.Errorf("%d of 3 packages have their file", content)
	}
	checkMailed(t, b, server, image, time.Since(started))
	w.checkDraft(b.stdout.Bytes())
	output(t, "cmp", w.cached(), base)
	checkBill(t, dir+"/bill.json", b, base)
	checkRelays(t, from)
	checkSources(t, from, base, image)
	t.Run("sealed", func(t *testing.T) { t.Parallel(); testSealed(t, image) })
	t.Run("dnf", func(t *testing.T) { t.Parallel(); testDnf(t, image) })
	t.Run("zypper", func(t *testing.T) { t.Parallel(); testZypper(t, image) })
}

// checkRelays makes sure that whatever the machine loaded came through the
// proxy, and what Debian has from the mirror.
func checkRelays(t *testing.T, from *archives) {
	t.Helper()
	for _, path := range []string{"/debian/dists/", "/debian/pool/main/d/dnf/", "/debian-security/dists/"} {
		proxied, mirrored := from.proxied.Count(from.mirror+path), from.mirrored.Count(path)
		if mirrored == 0 || proxied != mirrored {
			t.Errorf("%s: %d requests reached the proxy, %d the mirror", path, proxied, mirrored)
		}
	}
	for _, url := range []string{from.signed, from.unsigned} {
		if from.proxied.Count(url+"/./stratus-") != 1 {
			t.Errorf("not loaded once through the proxy: a package of %s", url)
		}
	}
	if elsewhere := from.proxied.Count("http://deb.debian.org"); elsewhere > 0 {
		t.Errorf("%d requests did not go to the mirror", elsewhere)
	}
}

// checkSources looks for the mirror, the proxy and the build's account in the
// image.
func checkSources(t *testing.T, from *archives, base, image string) {
	t.Helper()
	now, then := openDisk(t, image), openDisk(t, base)
	const sources = "cat /etc/apt/sources.list.d/debian.sources"
	got := now.debugfs(sources)
	if diff := cmp.Diff(then.debugfs(sources), got); diff != "" || !strings.Contains(got, "Types: deb") {
		t.Errorf("Debian's sources (-base +image):\n%s", diff)
	}
	tree := now.tree("etc", "home", "root", "srv", "tmp", "var")
	find := func(text string) string {
		found := output(t, "sh", "-c", `cd "$1" && grep -rlF -e "$2" . || true`, "sh", tree, text)
		return strings.Join(slices.Sorted(strings.Lines(found)), "")
	}
	// Those that the user wanted in the image, and nothing else.
	kept := find(from.signed) + find(from.unsigned)
	if !regexp.MustCompile(`^(\./etc/apt/sources\.list\.d/stratus-\w+\.(sources|list)\n){2}$`).MatchString(kept) {
		t.Errorf("files that name the repositories:\n%s", kept)
	}
	if all := find(toHost + ":"); strings.Count(all, "\n") != 2 {
		t.Errorf("files that name servers of this host:\n%s", all)
	}
	if found := find(account); found != "" {
		t.Errorf("files that name the build's account:\n%s", found)
	}
	if homes := now.debugfs("ls -p /home"); strings.Contains(homes, account) {
		t.Errorf("/home holds:\n%s", homes)
	}
	for _, url := range []string{from.mirror, from.proxy} {
		if found := countInFile(t, now.raw, []byte(url)); found > 0 {
			t.Errorf("%s stands %d times on the disk, deleted files included", url, found)
		}
	}
}

// disk is the only partition of an image, to look into without starting it.
type disk struct {
	t   *testing.T
	raw string
}

func openDisk(t *testing.T, image string) *disk {
	t.Helper()
	d := &disk{t, t.TempDir() + "/disk.raw"}
	output(t, "qemu-img", "convert", "-O", "raw", image, d.raw)
	return d
}

func (d *disk) debugfs(request string) string {
	d.t.Helper()
	return output(d.t, "debugfs", "-R", request, fmt.Sprintf("%s?offset=%d", d.raw, 1<<20))
}

// tree copies directories out of the image.
func (d *disk) tree(names ...string) (dir string) {
	d.t.Helper()
	dir = d.t.TempDir()
	for _, name := range names {
		d.debugfs("rdump /" + name + " " + dir)
		if _, err := os.Stat(dir + "/" + name); err != nil {
			d.t.Fatal(err)
		}
	}
	return dir
}

// TestUnsigned refuses a repository that nobody signs.
func TestUnsigned(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	dir, from := t.TempDir(), newArchives(t)
	b := start(t, dir, "--extra-os-repos", from.unsigned+" ./", "-a", "stratus-gamma", "-o", "out.qcow2", base)
	cause := `apt\| .*` + regexp.QuoteMeta(from.unsigned) + `.* is not signed` +
		`[\s\S]*reading the package lists: apt: exit status 100`
	b.checkFails(1, cause, dir)
}
