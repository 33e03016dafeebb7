package recipe

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/shell"
)

// TestCommands holds every command of every package manager, as the guest's
// shell gets it.
func TestCommands(t *testing.T) {
	const apt = "env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "
	const aptChange = apt + "-y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
	tests := map[Installer]map[string]string{
		Apt: {
			"refresh": apt + "-o APT::Update::Error-Mode=any -o Acquire::Languages=none update",
			"upgrade": aptChange + "dist-upgrade",
			"remove":  aptChange + "purge -- a 'b~1'",
			"install": aptChange + "install -- a 'b~1'",
			"local":   aptChange + "install -- a 'b~1'",
		},
		Dnf: {
			"refresh": "dnf -y --refresh makecache",
			"upgrade": "dnf -y upgrade",
			"remove":  "dnf -y remove -- a 'b~1'",
			"install": "dnf -y install -- a 'b~1'",
			"local":   "dnf -y install -- a 'b~1'",
		},
		Yum: {
			"refresh": "yum -y clean expire-cache",
			"upgrade": "yum -y update",
			"remove":  "yum -y remove -- a 'b~1'",
			"install": "yum -y install -- a 'b~1'",
			"local":   "yum -y install -- a 'b~1'",
		},
		Zypper: {
			"refresh": "zypper --non-interactive refresh",
			"upgrade": "zypper --non-interactive update",
			"remove":  "zypper --non-interactive remove -- a 'b~1'",
			"install": "zypper --non-interactive install -- a 'b~1'",
			"local":   "zypper --non-interactive install --allow-unsigned-rpm -- a 'b~1'",
		},
		Apk: {
			"refresh": "apk update",
			"upgrade": "apk upgrade",
			"remove":  "apk del -- a 'b~1'",
			"install": "apk add -- a 'b~1'",
			"local":   "apk add --allow-untrusted -- a 'b~1'",
		},
		Pacman: {
			"refresh": "pacman -Sy --noconfirm",
			"upgrade": "pacman -Su --noconfirm",
			"remove":  "pacman -Rn --noconfirm -- a 'b~1'",
			"install": "pacman -S --noconfirm --needed -- a 'b~1'",
			"local":   "pacman -U --noconfirm --needed -- a 'b~1'",
		},
	}
	for installer, want := range tests {
		m := managers[installer]
		packages := []string{"a", "b~1"}
		got := make(map[string]string)
		for name, base := range map[string][]string{"refresh": m.refresh, "upgrade": m.upgrade} {
			got[name] = shell.Join(installer.command(base, nil, conditions{})...)
		}
		for name, base := range map[string][]string{"remove": m.remove, "install": m.install, "local": m.local} {
			got[name] = shell.Join(installer.command(base, packages, conditions{})...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", installer, diff)
		}
		if got, err := ParseInstaller(string(installer)); got != installer || err != nil {
			t.Errorf("ParseInstaller(%q) = %q, %v", installer, got, err)
		}
	}
	if len(tests) != len(managers) || len(tests) != len(installers) {
		t.Errorf("%d package managers are tested of %d", len(tests), len(installers))
	}
}

func TestConditions(t *testing.T) {
	for installer, test := range map[Installer]struct {
		c    conditions
		want string
	}{
		Apt:    {conditions{unsigned: true}, "env DEBIAN_FRONTEND=noninteractive apt-get -q "},
		Dnf:    {conditions{unsigned: true, config: "/x/dnf.conf"}, "dnf --config=/x/dnf.conf -y install -- a"},
		Yum:    {conditions{unsigned: true, config: "/x/yum.conf"}, "yum --config=/x/yum.conf -y install -- a"},
		Zypper: {conditions{unsigned: true}, "zypper --non-interactive install -- a"},
		Apk:    {conditions{unsigned: true}, "apk --allow-untrusted add -- a"},
		Pacman: {conditions{unsigned: true}, "pacman -S --noconfirm --needed -- a"},
	} {
		got := shell.Join(installer.command(managers[installer].install, []string{"a"}, test.c)...)
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got  %s\nwant %s", installer, got, test.want)
		}
	}
}

func TestParseProxy(t *testing.T) {
	for text, bad := range map[string]bool{
		"http://proxy:3128": false, "https://[2001:db8::1]:3128/": false,
		"": true, "proxy:3128": true, "http://user:secret@proxy": true, "socks5://x": true, "http://x/$(id)": true,
		"http://x y": true, "http://": true,
	} {
		if _, err := ParseProxy(text); (err != nil) != bad || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseProxy(%q): %v", text, err)
		}
	}
}

func TestParsePackages(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"x.deb", "-y.rpm", "a b;id.apk", "z.pkg.tar.zst", "notes.txt", "nginx"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	packages, err := ParsePackages(
		"curl, x.deb,./x.deb,-y.rpm,a b;id.apk,z.pkg.tar.zst,nginx,nginx/bookworm-backports,notes.txt,gone.deb",
	)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"curl", "nginx", "nginx/bookworm-backports", "notes.txt", "gone.deb"},
		names(packages, false)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"x.deb", "./x.deb", "-y.rpm", "a b;id.apk", "z.pkg.tar.zst"}, names(packages, true)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"./gone.deb", "/etc/passwd", "../x.deb", "./notes.txt", ".", "-x", "$(id).deb"} {
		if packages, err := ParsePackages(bad); err == nil {
			t.Errorf("ParsePackages(%q) = %v", bad, packages)
		}
	}
}

// TestWrongFiles refuses what the guest's package manager cannot install before
// anything is done.
func TestWrongFiles(t *testing.T) {
	for installer, file := range map[Installer]string{Apt: "x.rpm", Dnf: "x.deb", Zypper: "x.apk", Apk: "x.deb", Pacman: "x.rpm"} {
		r := &Recipe{Installer: installer, Packages: []Package{{file, true}}}
		if r.Empty() || !r.NeedsRepos() {
			t.Errorf("a recipe with %q changes nothing", file)
		}
		_, err := r.newPackaging(t.Context(), osOf(installer), nil)
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s and %s: %v", installer, file, err)
		}
	}
	if all := allSuffixes(); !slices.Contains(all, ".pkg.tar.zst") || len(all) != 7 {
		t.Errorf("suffixes: %q", all)
	}
}
