package sbom

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

// here is this machine, as a guest.
type here struct{ env []string }

func (h here) Stream(ctx context.Context, _, command string, w io.Writer) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), h.env...), w, os.Stderr
	cmd.WaitDelay = time.Second // what the shell has started may live on
	return cmd.Run()
}

func run(t *testing.T, env []string, command ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	return string(out)
}

func writeFile(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func ofKind(p Packages, kind string) []Package {
	return slices.DeleteFunc(p.List, func(p Package) bool { return p.Kind != kind })
}

// TestListDpkg lists the packages of this machine, from a copy of dpkg's
// database, which others may be changing, and with one that was removed.
func TestListDpkg(t *testing.T) {
	peers.Need(t, "dpkg-query")
	status, err := os.ReadFile("/var/lib/dpkg/status")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFile(
		t,
		dir+"/status",
		string(
			status,
		)+"\nPackage: was-here\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: y\n",
		0o600,
	)
	env := []string{"DPKG_ADMINDIR=" + dir}
	got, err := List(t.Context(), here{env})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(run(t, env, "dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} "+
		"${Architecture}\n")) {
		if rest, ok := strings.CutPrefix(line, "installed "); ok {
			want = append(want, strings.TrimSpace(rest))
		}
	}
	var list []string
	for _, p := range ofKind(got, "deb") {
		list = append(list, p.Name+" "+p.Version+" "+p.Arch)
	}
	slices.Sort(want)
	slices.Sort(list)
	if diff := cmp.Diff(want, list); diff != "" || len(want) < 50 || got.Unread != 0 {
		t.Errorf("%d unread, packages (-want +got):\n%s", got.Unread, diff)
	}
}

const spec = `Name: stratus-test
%s
Version: 1.2
Release: 3
Summary: A test
License: MIT and (GPL-2.0-or-later or Artistic)
BuildArch: noarch
%%description
Nothing.
%%files
`

// TestListRpm lists what the real rpm has put into a database of its own.
func TestListRpm(t *testing.T) {
	peers.Need(t, "rpm", "rpmbuild")
	home := t.TempDir()
	env := []string{"HOME=" + home}
	writeFile(t, home+"/.rpmmacros", "%_dbpath "+home+"/db\n%_topdir "+home+"/top\n", 0o600)
	for name, epoch := range map[string]string{"stratus-test": "", "stratus-epoch": "Epoch: 7"} {
		text := strings.NewReplacer("stratus-test", name, "%s", epoch, "%%", "%").Replace(spec)
		writeFile(t, home+"/"+name+".spec", text, 0o600)
		run(t, env, "rpmbuild", "--quiet", "-bb", home+"/"+name+".spec")
		run(t, env, "rpm", "-i", "--nodeps", "--justdb", home+"/top/RPMS/noarch/"+name+"-1.2-3.noarch.rpm")
	}
	got, err := List(t.Context(), here{env})
	if err != nil {
		t.Fatal(err)
	}
	license := "MIT and (GPL-2.0-or-later or Artistic)"
	want := []Package{
		{"rpm", "stratus-epoch", "7:1.2-3", "noarch", license},
		{"rpm", "stratus-test", "1.2-3", "noarch", license},
	}
	if diff := cmp.Diff(want, ofKind(got, "rpm")); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

// TestPacman reads what the real pacman has put into a database of its own.
func TestPacman(t *testing.T) {
	peers.Need(t, "pacman", "tar")
	if os.Getuid() != 0 {
		peers.Missing(t, "only root can install with pacman")
	}
	dir := t.TempDir()
	writeFile(
		t,
		dir+"/.PKGINFO",
		"pkgname = stratus-test\npkgbase = stratus-test\npkgver = 2:1.0-1\npkgdesc = A test\nurl = http://example.org/\n"+
			"builddate = 1\npackager = x\nsize = 0\narch = any\nlicense = MIT\nlicense = custom:x\n",
		0o600,
	)
	run(t, nil, "tar", "-czf", dir+"/p.pkg.tar.gz", "-C", dir, ".PKGINFO")
	writeFile(t, dir+"/conf", "[options]\nSigLevel = Never\nLocalFileSigLevel = Never\n", 0o600)
	run(t, nil, "mkdir", dir+"/root", dir+"/db", dir+"/cache")
	pacman := []string{
		"pacman",
		"--config",
		dir + "/conf",
		"--root",
		dir + "/root",
		"--dbpath",
		dir + "/db",
		"--cachedir",
		dir + "/cache",
		"--logfile",
		dir + "/log",
		"--noconfirm",
	}
	run(t, nil, append(pacman, "-U", dir+"/p.pkg.tar.gz")...)
	var got Packages
	parsePacman([]byte(run(t, nil, "sh", "-c", "find "+dir+"/db/local"+pacmanFilter)), &got)
	if diff := cmp.Diff(Packages{List: []Package{{"alpm", "stratus-test", "2:1.0-1", "any", "MIT, custom:x"}}}, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if listed := run(t, nil, append(pacman, "-Q")...); listed != "stratus-test 2:1.0-1\n" {
		t.Errorf("pacman -Q prints %q", listed)
	}
}

// TestListBounds has programs in place of dpkg-query that print too much, or
// nothing, or fail.
func TestListBounds(t *testing.T) {
	tests := map[string]struct {
		script string
		want   string
		is     error
	}{
		"endless":           {"exec yes", "more than 67108864 bytes", errListing},
		"too many packages": {`seq 200001 | sed 's/$/\t1\tall/; s/^/ii \tp/'`, "200001 packages, want at most 200000", nil},
		"none":              {"exit 0", "no package database with packages", ErrNoPackages},
		"fails":             {"exit 2", "exit status 2", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir+"/dpkg-query", "#!/bin/sh\n"+test.script+"\n", 0o700)
			env := []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir} // and no database of rpm
			_, err := List(t.Context(), here{env})
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
