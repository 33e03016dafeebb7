package refresh

import (
	"bufio"
	"context"
	"encoding/hex"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/local"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// prepare makes a service with random numbers of its own, which it tells whoever
// connects to its socket, and two timers whose jobs are due each night, one of them
// also if a night was missed.
const prepare = `set -e
cat >/etc/keeper <<'end'
import os, random, socket, ssl
numbers = random.Random(os.urandom(32))
server = socket.socket(socket.AF_UNIX)
server.bind("\0keeper")
server.listen()
while True:
    with server.accept()[0] as client:
        client.sendall(b"%x" % numbers.getrandbits(64))
end
printf '[Service]\nExecStart=/usr/bin/python3 /etc/keeper\n' >/etc/systemd/system/keeper.service
for job in missed caught; do
    printf '[Service]\nType=oneshot\nExecStart=touch /root/%s\n' $job >/etc/systemd/system/$job.service
    printf '[Timer]\nOnCalendar=daily\n' >/etc/systemd/system/$job.timer
done
echo Persistent=yes >>/etc/systemd/system/caught.timer
systemctl daemon-reload
systemctl start keeper.service missed.timer caught.timer
`

// facts prints what must differ between machines, and after it what must not.
const facts = `set -e
cat /proc/sys/kernel/random/uuid /etc/machine-id
python3 -c '
import os, socket
print(os.urandom(8).hex())
keeper = socket.socket(socket.AF_UNIX)
keeper.connect("\0keeper")
print(keeper.recv(100).decode())'
ssh-keygen -q -t ed25519 -N "" -f /root/made
cut -d" " -f2 /root/made.pub
echo same
hostname
ip route show default | cut -d" " -f1-3
systemctl list-units --failed --plain --no-legend
journalctl --quiet --lines=1 --output=cat >/dev/null && ls /var/log/journal /run/log/journal | grep -c "$(cat /etc/machine-id)"
for unit in missed caught apt-daily apt-daily-upgrade; do
    echo "$unit $(systemctl show --property=ExecMainStartTimestampMonotonic $unit.service) $(systemctl is-active $unit.timer)"
done
ls /root`

const wantSame = `debian
default via 10.0.2.2
1
missed ExecMainStartTimestampMonotonic=0 inactive
caught ExecMainStartTimestampMonotonic=0 active
apt-daily ExecMainStartTimestampMonotonic=0 active
apt-daily-upgrade ExecMainStartTimestampMonotonic=0 active
made
made.pub
`

// testLog shows what an engine says in the log of the test.
type testLog struct {
	report.Log
	t *testing.T
}

func (l testLog) Infof(format string, args ...any)    { l.t.Logf(format, args...) }
func (l testLog) Warnf(format string, args ...any)    { l.t.Logf(format, args...) }
func (l testLog) Verbosef(format string, args ...any) { l.t.Logf(format, args...) }

// world is what all machines of the test have in common.
type world struct {
	*testing.T
	engine *local.Engine
	spec   func() *engine.Spec
	seed   *contextualize.Seed
}

// login logs in with a key, and returns the address, too.
func (w *world) login(m engine.Machine, key ssh.Signer) (g *guest.Guest, address string) {
	w.Helper()
	err := m.Connect(w.Context(), func(ctx context.Context, a string) (err error) {
		address = a
		login := guest.Login{Address: a, User: "root", Keys: []ssh.Signer{key}, HostKey: w.seed.HostKey}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
		defer cancel()
		g, err = guest.Wait(ctx, login, func(string, string) {})
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(g.Close)
	return g, address
}

func (w *world) output(g *guest.Guest, script string) string {
	w.Helper()
	out, err := g.Output(w.Context(), "test", script)
	if err != nil {
		w.Fatalf("%v\n%s", err, out)
	}
	return out
}

// refresh refreshes a machine that was resumed, and returns what must differ between
// two of them.
func (w *world) refresh(m engine.Machine, shift time.Duration) []string {
	w.Helper()
	g, address := w.login(m, w.seed.Login)
	fresh, err := contextualize.NewSeed("root")
	if err != nil {
		w.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(shift) }
	start := time.Now()
	err = Refresh(w.Context(), g, Keys{"root", w.seed.Login.PublicKey(), fresh.Login.PublicKey()}, now)
	if err != nil {
		w.Fatal(err)
	}
	w.Logf("refreshed after %v", time.Since(start))
	g.Close()
	if c, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(w.seed.Login)}, HostKeyCallback: ssh.FixedHostKey(w.seed.HostKey),
	}); err == nil || !strings.Contains(err.Error(), "unable to authenticate") {
		w.Errorf("the old key: %v, %v", c, err)
	}
	cookie := w.cookie(address)
	g, _ = w.login(m, fresh.Login)
	seconds, err := time.Parse("2006-01-02T15:04:05Z\n", w.output(g, "date -u +%Y-%m-%dT%H:%M:%SZ"))
	if late := now().Sub(seconds); err != nil || late < -time.Second || late > 10*time.Second {
		w.Errorf("the guest's clock is late by %v: %v", late, err)
	}
	return append(w.facts(g, wantSame), cookie)
}

// goOn lets a machine go on after its snapshot, and returns what must differ from those
// that are resumed.
func (w *world) goOn(m engine.Machine) []string {
	w.Helper()
	g, address := w.login(m, w.seed.Login)
	if err := GoOn(w.Context(), g, time.Now); err != nil {
		w.Fatal(err)
	}
	cookie := w.cookie(address)
	return append(w.facts(g, strings.Replace(wantSame, "inactive", "active", 1)), cookie) // no job was missed
}

// facts returns what must differ between machines, and checks what must not.
func (w *world) facts(g *guest.Guest, wantSame string) []string {
	w.Helper()
	differs, same, _ := strings.Cut(w.output(g, facts), "same\n")
	if diff := cmp.Diff(wantSame, same); diff != "" {
		w.Errorf("facts (-want +got):\n%s", diff)
	}
	return strings.Fields(differs)
}

// cookie returns the random bytes with which the ssh server begins a connection.
func (w *world) cookie(address string) string {
	w.Helper()
	conn, err := new(net.Dialer).DialContext(w.Context(), "tcp", address)
	if err != nil {
		w.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	if _, err := r.ReadString('\n'); err != nil {
		w.Fatal(err)
	}
	if _, err := io.WriteString(conn, "SSH-2.0-test\r\n"); err != nil {
		w.Fatal(err)
	}
	var packet [22]byte // length, padding length, SSH_MSG_KEXINIT, and the cookie
	if _, err := io.ReadFull(r, packet[:]); err != nil || packet[5] != 20 {
		w.Fatalf("the server's first packet is %x: %v", packet, err)
	}
	return hex.EncodeToString(packet[6:])
}

// TestRefresh keeps a real machine, which goes on, and refreshes two that are resumed, days
// later.
func TestRefresh(t *testing.T) {
	if testing.Short() {
		t.Skip("a real machine takes minutes (-short)")
	}
	w := newWorld(t)
	m, err := w.engine.Start(t.Context(), w.spec())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Destroy(context.Background()) }()
	g, _ := w.login(m, w.seed.Login)
	w.output(g, "systemctl is-system-running --wait || true\n"+prepare)
	start := time.Now()
	if err := Settle(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	t.Logf("settled after %v", time.Since(start))
	g.Close()
	if kept, err := m.(engine.SnapshotMachine).Snapshot(t.Context(), "settled", nil); !kept || err != nil {
		t.Fatal(kept, err)
	}
	values := make(map[string]int)
	differs := w.goOn(m)
	for i := range 3 {
		if i > 0 {
			if m, _, err = w.engine.Resume(t.Context(), w.spec(), "settled"); err != nil {
				t.Fatal(err)
			}
			differs = w.refresh(m, 8*24*time.Hour)
		}
		if len(differs) != 6 {
			t.Fatalf("machine %d prints %q", i, differs)
		}
		for _, value := range differs {
			if values[value]++; values[value] > 1 {
				t.Errorf("machine %d has %q, as another one has", i, value)
			}
		}
		if err := m.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// newWorld makes what is needed to start machines from the base image of tests.
func newWorld(t *testing.T) *world {
	t.Helper()
	peers.Need(t, "qemu-system-x86_64", "qemu-img")
	base := os.Getenv("STRATUS_TEST_BASE")
	if base == "" {
		peers.Missing(t, "STRATUS_TEST_BASE names no base image (make check makes one)")
	}
	path, err := filepath.Abs(base)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	size, err := diskimage.CheckSelfContained(f, info.Size(), diskimage.Qcow2)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, engine: &local.Engine{
		Accel: local.Auto, Network: local.UserNetwork, Bus: local.AutoBus, Firmware: local.AutoFirmware,
	}}
	if w.seed, err = contextualize.NewSeed("root"); err != nil {
		t.Fatal(err)
	}
	disks, _, err := (&contextualize.Context{Seed: w.seed}).Disks(contextualize.NoCloud)
	if err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), "warm")
	w.spec = func() *engine.Spec {
		spec := &engine.Spec{
			Dir: t.TempDir(), Base: engine.Base{Path: path, Format: diskimage.Qcow2, Size: size},
			Size: engine.Size{CPU: 2, RAM: 1024}, Snapshots: store, SnapshotBytes: 10 << 30, Log: testLog{t: t},
		}
		for _, d := range disks {
			spec.Context = append(spec.Context, engine.Disk{Label: d.Label, Write: d.Write})
		}
		return spec
	}
	return w
}
