package build

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/enginetest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// prepareGuest replaces the programs that are about the whole machine or the kernel,
// which belong to this host, and keeps the key that logs in to a machine that starts.
const prepareGuest = `set -e
program() { printf '#!/bin/sh\n%s\n' "$2" >"/usr/local/bin/$1"; chmod 755 "/usr/local/bin/$1"; }
program systemctl 'echo running'
program sync :
program perl 'cat >/dev/null'
program date 'case $1 in -s) ;; *) exec /bin/date "$@" ;; esac'
mount --bind /dev/null /proc/sys/vm/drop_caches
rm -rf /etc/apt/sources.list.d /etc/apt/sources.list /etc/apt/apt.conf.d/*proxy*
mkdir -p /run/kept /etc/apt/sources.list.d
cp /run/sandbox/authorized_keys /run/first`

// A machine that starts has clearGuest done to it; keptFiles are all that machines differ
// in, and image prints what is in the saved image.
const (
	clearGuest = `set -e; rm -rf /srv/made /run/stratus-refresh /etc/apt/sources.list.d/* /etc/apt/keyrings /var/lib/apt/lists/*
dpkg --purge stratus-beta stratus-alpha >/dev/null 2>&1 || true; mkdir -p /srv/made; cat /run/first >/run/sandbox/authorized_keys
mkdir -p /root/.ssh; ln -sf /run/sandbox/authorized_keys /root/.ssh/authorized_keys; cd /
`
	keptFiles = `srv/made run/sandbox/authorized_keys run/stratus-refresh etc/apt var/lib/apt/lists var/lib/dpkg/status \
$(find var/lib/dpkg/info usr/share -maxdepth 1 -name 'stratus-*')`
	image = `cd /srv/made; grep -r . | sort; dpkg-query -W -f '${Package} ${Version}\n' 'stratus-*' 2>/dev/null || true`
)

// world builds over one fake engine, whose machines are states of one sandbox.
type world struct {
	*testing.T
	fake    *enginetest.Fake
	request func() *Request // with another output directory each time
	login   guest.Login
	output  func(command string) string
	dir     string // of reuse
	lines   []string
	calls   int // that were looked at
}

// recorder is a log that keeps messages of a build.
type recorder struct {
	log
	w *world
}

func (r recorder) Infof(format string, args ...any) {
	r.log.Infof(format, args...)
	r.w.lines = append(r.w.lines, fmt.Sprintf(format, args...))
}

func (r recorder) Warnf(format string, args ...any) {
	r.log.Warnf(format, args...)
	r.w.lines = append(r.w.lines, "warning: "+fmt.Sprintf(format, args...))
}

func (r recorder) Meter(string, int64) io.WriteCloser { return nopCloser{io.Discard} }

func newWorld(t *testing.T) *world {
	t.Helper()
	sandbox := sandboxtest.Start(t)
	g := sandbox.Login("root")
	w := &world{T: t, fake: new(enginetest.Fake), login: sandbox.Root(), dir: filepath.Join(t.TempDir(), "cache")}
	w.output = func(command string) string { return sandboxtest.Output(t, g, command) }
	w.output(prepareGuest)
	w.fake.Event = func(step, name string) {
		switch file := "/run/kept/" + name + ".tar"; step {
		case "start":
			w.output(clearGuest)
		case "snapshot":
			w.output("cd /; tar -cf " + file + " " + keptFiles)
		case "resume":
			w.output(clearGuest + "tar -xf " + file)
		case "save":
			w.fake.Disk = w.output(image)
		}
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Cleanup(func() {
		if left := names(t, tmp); len(left) > 0 {
			t.Errorf("left of work directories: %q", left)
		}
		if left := w.fake.Left(); len(left) > 0 {
			t.Errorf("left of machines: %q", left)
		}
	})
	clock := time.Date(2026, 12, 1, 1, 30, 0, 0, time.UTC)
	w.request = func() *Request {
		dir := t.TempDir()
		q := request(t, dir, w.fake, w.login)
		q.Scheme, q.seed, q.SBOM, q.Seal = contextualize.NoCloud, sandbox.Seed, "", seal.NewPlan(nil, nil)
		q.Recipe = recipe.Recipe{Commands: []string{"echo a >>/srv/made/a"}}
		q.Log = recorder{log{t}, w}
		q.Reuse = &Reuse{
			Dir: w.dir, Snapshots: filepath.Join(w.dir, "warm"), Bytes: 1 << 30, Prune: func() error { return nil },
			Scripts: true, HTTP: w.client(), clock: func() time.Time { return clock },
		}
		return q
	}
	return w
}

// want is what a build must do. Its words are calls of the engine, without those that
// every build makes.
type want struct {
	calls    string
	reused   string // the kinds of layers, in the description
	warnings []string
	image    string
	err      string
}

var (
	stamps  = regexp.MustCompile(`^\[ *[0-9.]+s\] `)
	skipped = map[string]bool{"check": true, "connect": true, "stop": true, "save": true, "destroy": true}
	times   = regexp.MustCompile(` [0-9TZ:-]+(;|$)`)
)

// build makes an image and checks how.
func (w *world) build(name string, q *Request, want want) {
	w.Helper()
	w.lines = nil
	var draft []byte
	q.Product = func(text []byte) error { draft = text; return nil }
	_, err := Run(w.Context(), q)
	if (err == nil) != (want.err == "") || err != nil && !strings.Contains(err.Error(), want.err) {
		w.Fatalf("%s: %v, want %q", name, err, want.err)
	}
	got := want
	got.image, got.reused, got.warnings = "", "", nil
	var calls []string
	all := w.fake.Calls()
	for _, call := range all[w.calls:] {
		if !skipped[call] {
			calls = append(calls, call)
		}
	}
	w.calls, got.calls = len(all), strings.Join(calls, " ")
	said := 0
	for _, line := range w.lines {
		if warning, ok := strings.CutPrefix(line, "warning: "); ok {
			got.warnings = append(got.warnings, warning)
		}
		if strings.HasSuffix(stamps.ReplaceAllString(line, ""), ": reused, made 0 s ago") {
			said++
		}
	}
	if err == nil {
		saved, err := os.ReadFile(q.Target.Path)
		if err != nil {
			w.Fatal(err)
		}
		d, err := metadata.Parse(draft)
		if err != nil {
			w.Fatal(err)
		}
		got.image = string(saved)
		got.reused = times.ReplaceAllString(d.Text(metadata.Reused), "$1")
		if n := len(strings.FieldsFunc(got.reused, func(r rune) bool { return r == ';' })); said != n {
			w.Errorf("%s: %d layers are said to be reused, the description has %q", name, said, got.reused)
		}
	}
	if len(got.warnings) == len(want.warnings) {
		for i := range want.warnings {
			if strings.Contains(got.warnings[i], want.warnings[i]) {
				got.warnings[i] = want.warnings[i]
			}
		}
	}
	if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		w.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// client reaches servers of tests.
func (w *world) client() recipe.HTTP { return http.DefaultClient }
