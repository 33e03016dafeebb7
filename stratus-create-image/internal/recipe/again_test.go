package recipe

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// TestReposAgain adds repositories to a guest one build after the other.
func TestReposAgain(t *testing.T) {
	keyFile := signedDebs(t, t.TempDir())
	s := sandboxtest.Start(t)
	g := s.Login("root")
	for _, test := range []struct {
		installer Installer
		before    string
		entries   []string
		look      string
		want      string
	}{
		{Apk, "mkdir -p /etc/apk; printf https://a.org/v3 >/etc/apk/repositories",
			[]string{"https://b.org/v3.1", "https://b.org/v3", "https://b.org/v3.1"},
			"cat /etc/apk/repositories", "https://a.org/v3\nhttps://b.org/v3.1\nhttps://b.org/v3\n"},
		{Apk, "rm /etc/apk/repositories", []string{"https://b.org/v3"}, "cat /etc/apk/repositories", "https://b.org/v3\n"},
		{Pacman, "printf '[options]\nArchitecture = auto' >/etc/pacman.conf",
			[]string{"https://a.org one", "https://b.org two", "https://a.org one"},
			"cat /etc/pacman.conf", "[options]\nArchitecture = auto\n\n[one]\nSigLevel = Never\nServer = https://a.org\n\n" +
				"[two]\nSigLevel = Never\nServer = https://b.org\n"},
		{Dnf, "rm -rf /etc/yum.repos.d", []string{"https://a.org", "https://b.org", "https://a.org"},
			"grep -h baseurl /etc/yum.repos.d/* | sort", "baseurl=https://a.org\nbaseurl=https://b.org\n"},
		{Apt, "rm -rf /etc/apt/sources.list.d", []string{"https://a.org ./", "https://b.org ./",
			"[key=" + keyFile + "] https://a.org ./"},
			"ls /etc/apt/sources.list.d | sed 's/.*[.]//' | sort; grep -hE '(b.org|URI)' /etc/apt/sources.list.d/* | " +
				"LC_ALL=C sort", "list\nsources\nURIs: https://a.org\ndeb [trusted=yes] https://b.org ./\n"},
	} {
		sandboxtest.Output(t, g, test.before)
		for _, entry := range test.entries {
			if err := apply(t, g, s, &Recipe{Installer: test.installer, Repos: repos(t, entry), AllowUnsigned: true}); err != nil {
				t.Errorf("%s: %v", test.installer, err)
			}
		}
		if diff := cmp.Diff(test.want, sandboxtest.Output(t, g, test.look)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.installer, diff)
		}
	}
}

// TestLimits applies recipes to guests in which a program never ends.
func TestLimits(t *testing.T) {
	local := t.TempDir() + "/file"
	if err := os.WriteFile(local, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const own, user = "it took longer than 2s", "it took longer than 2s (--script-timeout)"
	mirror := mirrors(t, "http://nowhere.invalid/debian=http://127.0.0.1:1/debian")
	for _, test := range []struct {
		program string
		recipe  Recipe
		want    string
	}{
		{"mktemp", Recipe{Commands: []string{"true"}}, "making a private directory: " + own},
		{"mkdir", Recipe{Repos: repos(t, "http://x.org ./")}, "adding a repository: " + own},
		{"head", Recipe{Mirrors: mirror, Commands: []string{"true"}}, mirrorLabel + ": " + own},
		{"cat", Recipe{Proxy: "http://127.0.0.1:1", Remove: []string{"x"}}, proxyLabel + ": " + own},
		{"rm", Recipe{Commands: []string{"true"}}, "removing the private directory: " + own},
		{"cp", Recipe{Copies: []Copy{{local, "/opt/file"}}, Timeout: 2 * time.Second}, "copying: " + user},
	} {
		s := sandboxtest.Start(t)
		g := s.Login("root")
		sandboxtest.Output(t, g, `echo deb http://nowhere.invalid/debian ./ >/etc/apt/sources.list
printf '#!/bin/sh\nexec sleep infinity\n' >/usr/local/bin/`+test.program+"; chmod 755 /usr/local/bin/"+test.program)
		r := test.recipe
		r.Installer, r.ownTime = Apt, 2*time.Second
		if err := apply(t, g, s, &r); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("where %s never ends: %v; want %q", test.program, err, test.want)
		}
		if got := sandboxtest.Output(t, g, "echo here"); got != "here\n" {
			t.Errorf("where %s never ends: the guest answers %q", test.program, got)
		}
	}
}
