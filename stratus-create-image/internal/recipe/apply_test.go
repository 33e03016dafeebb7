package recipe

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/repotest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

func apply(t *testing.T, g *guest.Guest, s *sandboxtest.Sandbox, r *Recipe) error {
	t.Helper()
	var says []string
	say := func(format string, args ...any) { says = append(says, fmt.Sprintf(format, args...)) }
	j, err := r.For(t.Context(), osOf(r.Installer), say)
	if err == nil {
		for _, step := range r.Steps() {
			if err = j.Do(t.Context(), g, step); err != nil {
				break
			}
		}
		err = j.End(t.Context(), g, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("said:\n%s\nprinted:\n%s", strings.Join(says, "\n"), s.Lines())
		}
	})
	return err
}

// signedDebs makes a signed repository of two packages, and gives its key's file.
func signedDebs(t *testing.T, dir string) (keyFile string) {
	t.Helper()
	peers.Need(t, "apt-get")
	signer := repotest.NewSigner(t)
	repotest.Debs(t, dir, repotest.Pair...)
	repotest.Apt(t, dir, signer)
	return signer.KeyFile(t)
}

// serve serves a directory to the sandbox.
func serve(t *testing.T, dir string) (url string, asked *repotest.Requests) {
	t.Helper()
	port, asked := repotest.Serve(t, dir)
	return "http://127.0.0.1:" + port, asked
}

// etc lists every file below /etc with its time, mode, owner and digest.
const etc = `find /etc -xdev -type f -printf '%p %T@ %m %U:%G\n' | sort; find /etc -xdev -type f -exec sha256sum {} + | sort -k 2`

// TestApt has apt install from a signed repository that is reached through a
// mirror and through a proxy, of which nothing stays.
func TestApt(t *testing.T) {
	dir := t.TempDir()
	keyFile := signedDebs(t, dir)
	if err := os.MkdirAll(dir+"/mirror", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", dir+"/mirror/debian"); err != nil {
		t.Fatal(err)
	}
	url, asked := serve(t, dir)
	s := sandboxtest.Start(t)
	g := s.Login("root")
	sandboxtest.Output(
		t,
		g,
		"rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*proxy*; printf '# first\ndeb "+
			"http://nowhere.invalid/debian ./\n' >/etc/apt/sources.list; touch -d 2001-01-01 /etc/apt/sources.list",
	)
	mirror := mirrors(t, "http://nowhere.invalid/debian="+url+"/mirror/debian")
	const repository = "http://through.the.proxy.invalid/mirror/debian ./"
	added := repos(t, repository)[0]
	add := &Recipe{Installer: Apt, Repos: repos(t, "[key="+keyFile+"] "+repository)}
	if err := apply(t, g, s, add); err != nil {
		t.Fatal(err)
	}
	// The same key is for the other source, too.
	sandboxtest.Output(
		t,
		g,
		"sed -i 's,^deb ,&[signed-by=/etc/apt/keyrings/"+added.name()+".gpg] ,' /etc/apt/sources.list; touch -d 2001-01-01 "+
			"/etc/apt/sources.list",
	)
	before := sandboxtest.Output(t, g, etc)
	r := &Recipe{Installer: Apt, Packages: install("stratus-beta"), Mirrors: mirror, Proxy: Proxy(url),
		Commands: []string{"! grep -r " + url + " /etc/apt", "apt-get indextargets --format '$(SITE)'", "exit 7"}}
	if err := apply(t, g, s, r); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("a recipe whose command ends with 7: %v", err)
	}
	if diff := cmp.Diff(before, sandboxtest.Output(t, g, etc)); diff != "" {
		t.Errorf("/etc after the recipe has failed (-before +after):\n%s", diff)
	}
	if !strings.Contains(s.Lines(), "run| "+url+"/mirror/debian") ||
		strings.Contains(s.Lines(), "run| http://nowhere.invalid") {
		t.Error("commands do not use the mirror")
	}
	const named = "' /etc /var/lib/apt /var/cache/apt || true"
	left := sandboxtest.Output(t, g, "ls /var/tmp /var/lib/apt/lists; grep -rl '"+strings.TrimPrefix(url, "http://")+named)
	if strings.Contains(left, "stratus") ||
		strings.Contains(left, "127.0.0.1") {
		t.Errorf("left behind: %s", left)
	}
	got := sandboxtest.Output(t, g, "dpkg-query -W -f '${Status} ' stratus-alpha stratus-beta")
	if got != "install ok installed install ok installed " {
		t.Errorf("dpkg says %q", got)
	}
	if paths := asked.Text(); !strings.Contains(paths, "http://through.the.proxy.invalid/mirror/debian/./InRelease") ||
		strings.Contains(paths, "http://nowhere.invalid") {
		t.Errorf("the server was asked for:\n%s", paths)
	}
	if err := apply(t, g, s, &Recipe{Installer: Apt, Remove: []string{"stratus-alpha"}}); err != nil {
		t.Error(err)
	}
	got = sandboxtest.Output(t, g, "dpkg-query -W -f '${Status} ' stratus-alpha stratus-beta 2>/dev/null || true")
	if strings.Contains(got, "installed") &&
		!strings.Contains(got, "not-installed") {
		t.Errorf("after removing the package: %q", got)
	}
}

// TestAptRefuses has apt meet a wrong key, no key, and no signature.
func TestAptRefuses(t *testing.T) {
	dir := t.TempDir()
	keyFile := signedDebs(t, dir)
	other := filepath.Join(t.TempDir(), "other.gpg")
	if err := os.WriteFile(other, repotest.NewSigner(t).GPG(t, "--export"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sandboxtest.Start(t)
	g := s.Login("root")
	sandboxtest.Output(t, g, "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
	url, _ := serve(t, dir)
	for _, test := range []struct {
		name, repo string
		allow, bad bool
	}{
		{"a wrong key", "[key=" + other + "] " + url + " ./", true, true},
		{"no key", url + " ./", false, true},
		{"no key, allowed", url + " ./", true, false},
		{"the key", "[key=" + keyFile + "] " + url + " ./", false, false},
	} {
		err := apply(
			t,
			g,
			s,
			&Recipe{Installer: Apt, Repos: repos(t, test.repo), Packages: install("stratus-beta"), AllowUnsigned: test.allow},
		)
		if (err != nil) != test.bad {
			t.Errorf("%s: %v", test.name, err)
		}
		sandboxtest.Output(
			t,
			g,
			"dpkg --purge stratus-alpha stratus-beta >&2; rm -rf /etc/apt/sources.list.d/* /etc/apt/keyrings/* /var/lib/apt/lists/*",
		)
	}
	err := apply(
		t,
		g,
		s,
		&Recipe{Installer: Apt, Packages: []Package{{dir + "/stratus-beta.deb", true}, {dir + "/stratus-alpha.deb", true}}},
	)
	if got := sandboxtest.Output(t, g, "cat /usr/share/stratus-beta/file"); err != nil || got != "content\n" {
		t.Errorf("installing files: %v, %q", err, got)
	}
}

// TestMirrorChangedMeanwhile has a command change the sources while a mirror is
// used: they stay as the command leaves them.
func TestMirrorChangedMeanwhile(t *testing.T) {
	s := sandboxtest.Start(t)
	g := s.Login("root")
	peers.Need(t, "apt-get")
	sandboxtest.Output(
		t,
		g,
		"rm -f /etc/apt/sources.list.d/*; echo deb http://nowhere.invalid/debian ./ >/etc/apt/sources.list; echo deb "+
			"http://nowhere.invalid/debian ./ >/etc/apt/sources.list.d/x.list",
	)
	mirror := mirrors(t, "http://127.0.0.1:1/debian")
	r := &Recipe{
		Installer: Apt,
		Mirrors:   mirror,
		Commands: []string{
			"sed -i 's,^,# ,; $ a deb http://127.0.0.1:1/debian more main' /etc/apt/sources.list; rm /etc/apt/sources.list.d/x.list",
		},
	}
	if err := apply(t, g, s, r); err != nil {
		t.Error(err)
	}
	const want = "# deb http://nowhere.invalid/debian ./\ndeb http://127.0.0.1:1/debian more main\n"
	if got := sandboxtest.Output(t, g, "cat /etc/apt/sources.list; ls /etc/apt/sources.list.d"); got != want {
		t.Errorf("the sources are\n%swant\n%s", got, want)
	}
	r = &Recipe{Installer: Apt, Mirrors: mirrors(t, "http://127.0.0.1:1/ubuntu"), Commands: []string{"true"}}
	if err := apply(t, g, s, r); err == nil {
		t.Error("a mirror of nothing is taken")
	}
}

// TestRPM has dnf and zypper install from repositories over http, signed and
// not.
func TestRPM(t *testing.T) {
	for _, installer := range []Installer{Dnf, Zypper} {
		t.Run(string(installer), func(t *testing.T) {
			peers.Need(t, string(installer))
			signer, signed, unsigned := repotest.NewSigner(t), t.TempDir(), t.TempDir()
			repotest.RPMs(t, signed, signer, repotest.Pair...)
			repotest.RPMs(t, unsigned, nil, repotest.Pair...)
			keyFile := filepath.Join(t.TempDir(), "key.gpg")
			if err := os.WriteFile(keyFile, signer.GPG(t, "--export"), 0o600); err != nil {
				t.Fatal(err)
			}
			signedURL, _ := serve(t, signed)
			unsignedURL, asked := serve(t, unsigned)
			s := sandboxtest.Start(t)
			g := s.Login("root")
			// Debian's rpm keeps its own database in root's home.
			sandboxtest.Output(t, g, "mkdir -p /etc/rpm; echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros")
			for _, test := range []struct {
				name, repo string
				allow, bad bool
			}{
				{"no key", signedURL, false, true},
				{"the key, nothing signed", "[key=" + keyFile + "] " + unsignedURL, true, true},
				{"nothing signed", unsignedURL, false, true},
				{"nothing signed, allowed", unsignedURL, true, false},
				{"the key", "[key=" + keyFile + "] " + signedURL, false, false},
			} {
				err := apply(
					t,
					g,
					s,
					&Recipe{
						Installer:     installer,
						Repos:         repos(t, test.repo),
						Packages:      install("stratus-beta"),
						AllowUnsigned: test.allow,
					},
				)
				if (err != nil) != test.bad {
					t.Errorf("%s: %v", test.name, err)
				}
				got := sandboxtest.Output(t, g, "cat /opt/stratus-alpha/file /opt/stratus-beta/file 2>/dev/null || true")
				if (got == "content\ncontent\n") == test.bad {
					t.Errorf("%s: the packages hold %q", test.name, got)
				}
				if !test.bad {
					if err := apply(t, g, s, &Recipe{Installer: installer, Remove: []string{"stratus-beta"}}); err != nil {
						t.Errorf("%s: removing: %v", test.name, err)
					}
				}
				sandboxtest.Output(
					t,
					g,
					"test ! -e /opt/stratus-beta && rm -f /etc/yum.repos.d/* /etc/zypp/repos.d/*; rpm -e --allmatches $(rpm -qa "+
						"gpg-pubkey stratus-alpha) >&2 || true; rm -rf /var/cache/dnf /var/cache/zypp",
				)
			}
			r := &Recipe{
				Installer:     installer,
				Repos:         repos(t, "http://through.the.proxy.invalid"),
				AllowUnsigned: true,
				Proxy:         Proxy(unsignedURL),
				Update:        true,
				Packages:      []Package{{unsigned + "/stratus-beta.rpm", true}},
			}
			if err := apply(t, g, s, r); err != nil {
				t.Errorf("a file, with what it needs from elsewhere: %v", err)
			}
			if !strings.Contains(asked.Text(), "http://through.the.proxy.invalid/stratus-alpha.rpm") {
				t.Errorf("the proxy was asked for:\n%s", asked.Text())
			}
			got := sandboxtest.Output(t, g, "rpm -q --qf '%{NAME} ' stratus-alpha stratus-beta; grep -rl "+unsignedURL+" /etc || true")
			if got != "stratus-alpha stratus-beta " {
				t.Errorf("in the end: %q", got)
			}
		})
	}
}
