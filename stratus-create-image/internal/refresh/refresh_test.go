package refresh

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// shells are those that /bin/sh may be. The last one has no programs but busybox's,
// perl and python3.
var shells = []string{"dash", "bash --posix", "env PATH=/run/busybox /usr/bin/busybox sh"}

// sandbox starts a guest, and returns what calls functions of the scripts in it with
// each of the shells. Functions that change the clock must not be called.
func sandbox(t *testing.T) (*guest.Guest, func(t *testing.T, shellCommand, call string) string) {
	t.Helper()
	peers.Need(t, "dash", "bash", "busybox", "perl", "python3")
	g := sandboxtest.Start(t).Login("root")
	const programs = "mkdir /run/busybox; busybox --install -s /run/busybox; ln -s /usr/bin/perl /usr/bin/python3 /run/busybox"
	sandboxtest.Output(t, g, programs)
	return g, func(t *testing.T, shellCommand, call string) string {
		t.Helper()
		script := common + settleFunctions + refreshFunctions + "{ " + call + "\n} 2>&1"
		out, err := g.Output(t.Context(), call, shellCommand+" -c "+shell.Quote(script))
		if err != nil {
			t.Fatalf("%s: %s: %v\n%s", shellCommand, call, err, out)
		}
		return strings.TrimSpace(out)
	}
}

// onlyPrograms makes a directory of the named programs alone, and is followed by a
// command that finds no others.
func onlyPrograms(names string) string {
	return "rm -rf /run/only; mkdir /run/only; for p in " + names +
		"; do ln -s \"$(command -v $p)\" /run/only; done; PATH=/run/only; "
}

func TestReseed(t *testing.T) {
	_, call := sandbox(t)
	const none = "neither perl nor python3 is there to reseed its random numbers"
	for _, sh := range shells {
		for programs, want := range map[string]string{"perl": "done", "/usr/bin/python3": "done", "cat": none} {
			got := call(t, sh, onlyPrograms(programs)+"reseed 0123456789abcdef && echo done || true")
			if strings.Contains(got, "Operation not permitted") {
				peers.Missing(t, "the kernel lets us not reseed its random numbers")
			}
			if got != want {
				t.Errorf("%s with %s: %q, want %q", sh, programs, got, want)
			}
		}
	}
}

// keeper is a process that maps a library with random numbers of its own.
const keeper = `python3 -c 'import ssl, time; time.sleep(600)' >/dev/null 2>&1 &
until grep -q libcrypto /proc/$!/maps; do :; done
`

func TestStale(t *testing.T) {
	g, call := sandbox(t)
	for _, sh := range shells {
		if got := call(t, sh, "stale"); got != "" {
			t.Errorf("%s: without a service: %q", sh, got)
		}
	}
	sandboxtest.Output(t, g, keeper+"mkdir -p /run/openrc/daemons/keeper /run/openrc/daemons/other\n"+
		"echo $! >/run/keeper.pid; echo 1 >/run/other.pid; printf 'exec=\\npidfile=\\n' >/run/openrc/daemons/other/001")
	for _, sh := range shells {
		if got := call(t, sh, "stale || echo failed"); !strings.HasSuffix(got, " belongs to no service\nfailed") {
			t.Errorf("%s: a process of its own: %q", sh, got)
		}
	}
	if err := Settle(t.Context(), g); !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), "belongs to no service") {
		t.Errorf("Settle: %v, want ErrUnfit", err)
	}
	sandboxtest.Output(t, g, "printf 'exec=x\\npidfile=/run/keeper.pid\\n' >/run/openrc/daemons/keeper/001")
	for _, sh := range shells {
		if got := call(t, sh, "stale"); got != "keeper" {
			t.Errorf("%s: a service: %q", sh, got)
		}
	}
}

// TestFindService reads what systemd's two kinds of control groups look like.
func TestFindService(t *testing.T) {
	_, call := sandbox(t)
	for group, want := range map[string]string{
		"0::/system.slice/ssh.service":                                     "ssh.service",
		"0::/system.slice/system-postgresql.slice/postgresql@15-x.service": "postgresql@15-x.service",
		"0::/system.slice/x.service/inner.scope":                           "x.service",
		"1:name=systemd:/system.slice/chronyd.service":                     "chronyd.service",
		"0::/init.scope": "init.scope",
		"0::/user.slice/user-0.slice/session-1.scope":                          "",
		"0::/user.slice/user-0.slice/user@0.service/app.slice/a.service":       "",
		"0::/system.slice/docker-0123.scope":                                   "",
		"9:memory:/system.slice/x.service\n1:name=systemd:/user.slice/a.scope": "",
	} {
		for _, sh := range shells {
			got := call(t, sh, "mkdir -p /run/systemd/system /run/p; printf '%s\\n' "+shell.Quote(group)+
				" >/run/p/cgroup; find_service ../run/p; echo $service")
			if got != want {
				t.Errorf("%s: %q is of %q, want %q", sh, group, got, want)
			}
		}
	}
}

func TestReplaceKey(t *testing.T) {
	g, call := sandbox(t)
	const user = `printf 'one:x:1:1::/home/one:/bin/sh\ntwo:x:2:2::/home/two:/bin/sh\n' >>/etc/passwd
rm -rf /home/* /root/.ssh; mkdir -p /home/one/.ssh /home/two/.ssh /root/.ssh
printf 'ssh-ed25519 AAAA+/1=\nno-pty ssh-ed25519 AAAA+/2= a\\b | c\nssh-rsa BBBB' >/home/one/.ssh/authorized_keys
printf 'ssh-ed25519 AAAA+/2=\n' >/home/two/.ssh/authorized_keys
cp /home/one/.ssh/authorized_keys /root/.ssh
chmod 600 /home/one/.ssh/authorized_keys; chown 1:1 /home/one/.ssh/authorized_keys`
	for _, sh := range shells {
		sandboxtest.Output(t, g, user)
		call(t, sh, "replace_key one 'ssh-ed25519 AAAA+/2=' 'ssh-ed25519 AAAA&/3='")
		got := sandboxtest.Output(t, g, "cd /home; cat /root/.ssh/*; "+
			"for u in one two; do stat -c '%a %u' $u/.ssh/*; cat $u/.ssh/*; done")
		const ours = "ssh-ed25519 AAAA+/1=\nno-pty ssh-ed25519 AAAA&/3= a\\b | c\nssh-rsa BBBB\n"
		if diff := cmp.Diff(ours+"600 1\n"+ours+"644 0\nssh-ed25519 AAAA+/2=\n", got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sh, diff)
		}
		const missing = "no authorized_keys has the former login key\nfailed"
		if got := call(t, sh, "replace_key one 'ssh-ed25519 CCCC' x || echo failed"); got != missing {
			t.Errorf("%s: a key that nobody has: %q", sh, got)
		}
	}
}

func TestNewID(t *testing.T) {
	_, call := sandbox(t)
	const id = "0123456789abcdef0123456789abcdef"
	const begin = "rm -rf $kept /boot/loader; mkdir -p $kept /run/log/journal/" + id + " /var/lib/dbus; echo " + id +
		" >/etc/machine-id; rm -f /var/lib/dbus/machine-id; echo " + id + " >/var/lib/dbus/machine-id; "
	const settle = "id=$(own_id); echo $id >$kept/id; "
	const end = "new_id; cat /etc/machine-id /var/lib/dbus/machine-id; cat $kept/id; ls /run/log/journal; rm -rf /run/log/journal"
	for _, sh := range shells {
		fields := strings.Fields(call(t, sh, begin+"rm -f $kept/id; "+settle+end))
		if len(fields) != 4 || fields[0] == id || len(fields[0]) != len(id) || strings.Trim(fields[0], "0123456789abcdef") != "" ||
			fields[1] != fields[0] || fields[2] != fields[0] || fields[3] != fields[0] {
			t.Errorf("%s: an identity of this start: %q", sh, fields)
		}
		for name, change := range map[string]string{
			"of the base": "rm -f $kept/id; touch -d 2001-01-01 /etc/machine-id; ",
			"on the disk": "rm -f $kept/id; mkdir -p /boot/loader/entries; : >/boot/loader/entries/" + id + "-6.1.conf; ",
			"set since":   "echo f >$kept/id; ",
		} {
			fields := strings.Fields(call(t, sh, begin+change+settle+end))
			if diff := cmp.Diff([]string{id, id, id}, fields); diff != "" {
				t.Errorf("%s: an identity %s (-want +got):\n%s", sh, name, diff)
			}
		}
	}
}

func TestClock(t *testing.T) {
	c := &clock{now: func() time.Time { return time.Unix(1764633600, 7e6).In(time.FixedZone("", 3600)) }}
	if text, err := io.ReadAll(c); string(text) != "1764633600.007 20251202000000\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}
