// Package repotest makes small packages, and signed repositories of them, with
// the programs that distributions use, and serves them. It is for tests only, and
// must not know who installs from them.
package repotest

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// Package is one to make. It holds one file, named "file", with the line
// "content": of a deb below /usr/share/NAME, of an rpm below /opt/NAME.
type Package struct {
	Name    string
	Version string // 1.0 where it is empty
	Needs   string // another package, or empty
}

// Pair are two packages of which one needs the other.
var Pair = []Package{{Name: "stratus-alpha"}, {Name: "stratus-beta", Needs: "stratus-alpha"}}

func (p Package) version() string { return cmp.Or(p.Version, "1.0") }

// Debs makes DIR/NAME.deb of each package.
func Debs(t testing.TB, dir string, packages ...Package) {
	t.Helper()
	peers.Need(t, "dpkg-deb")
	for _, p := range packages {
		control := "Package: " + p.Name + "\nVersion: " + p.version() + "\nArchitecture: all\nMaintainer: Test <test@example.org>\n"
		if p.Needs != "" {
			control += "Depends: " + p.Needs + "\n"
		}
		tree := t.TempDir()
		write(t, tree+"/DEBIAN/control", control+"Description: test\n")
		write(t, tree+"/usr/share/"+p.Name+"/file", "content\n")
		run(t, dir, "dpkg-deb", "--root-owner-group", "--build", tree, dir+"/"+p.Name+".deb")
	}
}

// Apt makes an apt repository, with the suite "./", of the debs in a directory. A
// nil signer leaves it unsigned.
func Apt(t testing.TB, dir string, signer *Signer) {
	t.Helper()
	peers.Need(t, "apt-ftparchive")
	run(t, dir, "sh", "-c", "apt-ftparchive packages . >Packages && apt-ftparchive release . >../Release && mv ../Release .")
	if signer != nil {
		signer.GPG(t, "--clearsign", "--output", dir+"/InRelease", dir+"/Release")
	}
}

// RPMs makes DIR/NAME.rpm of each package, and a repository of them in the
// directory. A nil signer leaves all unsigned.
func RPMs(t testing.TB, dir string, signer *Signer, packages ...Package) {
	t.Helper()
	peers.Need(t, "rpmbuild", "rpmsign", "createrepo_c")
	for _, p := range packages {
		spec := "Name: " + p.Name + "\nVersion: " + p.version() + "\nRelease: 1\nSummary: test\nLicense: MIT\nBuildArch: noarch\n"
		if p.Needs != "" {
			spec += "Requires: " + p.Needs + "\n"
		}
		write(t, dir+"/"+p.Name+".spec", spec+"%description\ntest\n%install\nmkdir -p %{buildroot}/opt/"+p.Name+
			"\necho content >%{buildroot}/opt/"+p.Name+"/file\n%files\n/opt/"+p.Name+"\n")
		run(t, dir, "rpmbuild", "-bb", "--quiet", "--define", "_topdir "+dir+"/build", "--define", "_rpmdir "+dir,
			"--define", "_rpmfilename "+p.Name+".rpm", dir+"/"+p.Name+".spec")
		if signer != nil {
			signer.signRPM(t, dir+"/"+p.Name+".rpm")
		}
	}
	run(t, dir, "rm", "-r", dir+"/build")
	run(t, dir, "createrepo_c", "--quiet", dir)
	if signer != nil {
		signer.GPG(t, "--armor", "--detach-sign", dir+"/repodata/repomd.xml")
	}
}

// run runs a program of this host in a directory.
func run(t testing.TB, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
