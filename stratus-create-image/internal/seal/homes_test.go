package seal

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// only returns a plan of the named items and no others.
func only(t *testing.T, names ...string) *Plan {
	t.Helper()
	return plan(t, slices.DeleteFunc(Names(), func(name string) bool { return slices.Contains(names, name) })...)
}

// TestHomes has the build key stand in the home of an account of the base, which
// is neither root's nor below /home. The account stays with what is its own; the
// key goes, or is found where nobody expected it.
func TestHomes(t *testing.T) {
	const key = "ssh-ed25519 AAAAthebuildkey"
	s := sandboxtest.Start(t)
	g := s.Login("root")
	sandboxtest.Output(t, g, `set -e
echo 'somebody:x:5000:5000:Some Body:/srv/some body:/bin/sh' >>/etc/passwd
mkdir -p '/srv/some body/.ssh' /home/left/.ssh
cd '/srv/some body'
echo mine | tee notes >.ssh/config
echo secret >.bash_history
echo '`+key+` build' | tee .ssh/authorized_keys >/home/left/.ssh/authorized_keys`)
	if err := only(t, "ssh-keys", "history").Apply(t.Context(), g, key, t.Logf); err != nil {
		t.Fatal(err)
	}
	const kept = "Some Body:/srv/some body\nmine\nmine\n"
	const look = "grep ^somebody: /etc/passwd | cut -d: -f5,6; cd '/srv/some body'; cat notes .ssh/config; ls -A " +
		"/home/left/.ssh; ls .bash_history .ssh/authorized_keys 2>/dev/null || true"
	if got := sandboxtest.Output(t, g, look); got != kept {
		t.Errorf("after sealing:\n%swant\n%s", got, kept)
	}
	sandboxtest.Output(t, g, "echo '"+key+" build' >'/srv/some body/.ssh/more_keys'")
	err := only(t, "ssh-keys", "ssh-dirs").Apply(t.Context(), g, key, t.Logf)
	if err == nil || !strings.Contains(err.Error(), `it is still in ["/srv/some body/.ssh/more_keys"]`) {
		t.Errorf("a key in an unexpected file: %v", err)
	}
	if got := sandboxtest.Output(t, g, look); got != kept {
		t.Errorf("after sealing was refused:\n%swant\n%s", got, kept)
	}
	sandboxtest.Output(t, g, "rm '/srv/some body/.ssh/more_keys'")
	if err := only(t, "ssh-dirs").Apply(t.Context(), g, key, t.Logf); err != nil {
		t.Fatal(err)
	}
	if got := sandboxtest.Output(t, g, "ls -A '/srv/some body' /home/left"); got != "/home/left:\n\n/srv/some body:\nnotes\n" {
		t.Errorf("the homes hold:\n%s", got)
	}
}

// TestBusy seals a guest with a temporary file that cannot be removed.
func TestBusy(t *testing.T) {
	s := sandboxtest.Start(t)
	g := s.Login("root")
	sandboxtest.Output(t, g, "cd /tmp; mkdir dir; touch busy other dir/more; mount --bind busy busy")
	if err := only(t, "tmp").Apply(t.Context(), g, "ssh-ed25519 AAAAnotthere", t.Logf); err != nil {
		t.Error(err)
	}
	if got := sandboxtest.Output(t, g, "ls /tmp"); got != "busy\n" {
		t.Errorf("after sealing /tmp has %q", got)
	}
}

// TestAuthority seals guests that trust the authority of an IPA domain, each in
// one of the files for it: the bundle of authorities is made anew.
func TestAuthority(t *testing.T) {
	s := sandboxtest.Start(t)
	g := s.Login("root")
	sandboxtest.Output(t, g, `printf '#!/bin/sh\necho "$@" >>/run/updates\n' >/usr/local/bin/update-ca-trust
chmod 755 /usr/local/bin/update-ca-trust`)
	for _, test := range []struct{ file, want string }{
		{"/etc/pki/ca-trust/source/anchors/ipa-ca.crt", "extract\n"},
		{"/usr/local/share/ca-certificates/ipa-ca.crt", "extract\n"},
		{"/etc/pki/ca-trust/source/ipa.p11-kit", "extract\n"},
		{"/etc/ipa/ca.crt", ""},
	} {
		sandboxtest.Output(t, g, "mkdir -p "+filepath.Dir(test.file)+"; echo >"+test.file+"; : >/run/updates")
		if err := only(t, "registrations").Apply(t.Context(), g, "ssh-ed25519 AAAAnotthere", t.Logf); err != nil {
			t.Error(err)
		}
		got := sandboxtest.Output(t, g, "if [ -e "+test.file+" ]; then echo it is left; fi; cat /run/updates")
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.file, got, test.want)
		}
	}
}

// TestLimit seals guests in which a program never ends.
func TestLimit(t *testing.T) {
	for _, test := range []struct{ program, item, exclude, want string }{
		{"find", "tmp", "", "removing temporary files (tmp): sh: it took longer than 2s"},
		{"rm", "blkid", "/opt/x", `removing "/opt/x": sh: it took longer than 2s`},
		{"grep", "ssh-keys", "", "it took longer than 2s"},
		{"sort", "ssh-keys", "", "looking for the build key: sh: it took longer than 2s"},
	} {
		s := sandboxtest.Start(t)
		g := s.Login("root")
		sandboxtest.Output(
			t,
			g,
			`printf '#!/bin/sh\nexec sleep infinity\n' >/usr/local/bin/`+test.program+"; chmod 755 /usr/local/bin/"+test.program,
		)
		p := only(t, test.item)
		if p.limit != stepTime {
			t.Errorf("a plan's limit is %v", p.limit)
		}
		p.limit = 2 * time.Second
		if test.exclude != "" {
			p.Exclude = []Path{Path(test.exclude)}
		}
		if err := p.Apply(t.Context(), g, "ssh-ed25519 AAAAnotthere", t.Logf); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("where %s never ends: %v; want %q", test.program, err, test.want)
		}
		// The guest is still there, to be looked at or told to go down.
		if got := sandboxtest.Output(t, g, "echo here"); got != "here\n" {
			t.Errorf("where %s never ends: the guest answers %q", test.program, got)
		}
	}
}
