package build

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/enginetest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// log is a log that a test prints.
type log struct{ t *testing.T }

func (l log) Infof(format string, args ...any)   { l.t.Logf(format, args...) }
func (l log) Verbosef(string, ...any)            {}
func (l log) Warnf(format string, args ...any)   { l.t.Logf("warning: "+format, args...) }
func (l log) Meter(string, int64) io.WriteCloser { return nopCloser{io.Discard} }

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// request returns a build over the fake engine, whose guest is the sandbox, with
// all outputs in the directory.
func request(t *testing.T, dir string, fake *enginetest.Fake, login guest.Login) *Request {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "base.raw"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := base.ParseName(filepath.Join(dir, "base.raw"), nil)
	if err != nil {
		t.Fatal(err)
	}
	target, err := engine.ParseTarget(filepath.Join(dir, "out.raw"), "")
	if err != nil {
		t.Fatal(err)
	}
	var all []seal.Item
	for _, name := range seal.Names() {
		item, err := seal.ParseItem(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, item)
	}
	fake.Address, fake.Disk = login.Address, "a disk"
	return &Request{
		Base: &base.Source{Name: name}, Engine: fake,
		Recipe: recipe.Recipe{Commands: []string{"test ! -e /root/fails"}}, Seal: seal.NewPlan(all, nil),
		User: "root", Scheme: contextualize.None, Context: new(contextualize.Context), Limit: time.Minute,
		Keys:   func(context.Context) ([]ssh.Signer, func(), error) { return login.Keys, func() {}, nil },
		Target: target, SBOM: filepath.Join(dir, "out.json"), Now: func() (time.Time, error) { return time.Unix(1700000000, 0), nil },
		Product: func(text []byte) error { return os.WriteFile(filepath.Join(dir, "out.xml"), text, 0o600) },
		Log:     log{t},
	}
}

// names returns the names of the files in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

// checkPhases checks that the phases of a build took as long as the build, and that
// it failed in the last one.
func checkPhases(t *testing.T, outcome *notify.Report) {
	t.Helper()
	var sum time.Duration
	for _, p := range outcome.Phases {
		sum += p.Took
	}
	last := outcome.Phases[len(outcome.Phases)-1].Name
	if all := outcome.Ended.Sub(outcome.Started); sum > all || sum < all-time.Second {
		t.Errorf("the phases %v took %v, all together %v", outcome.Phases, sum, all)
	}
	want := "saving the image"
	if outcome.Failure != nil {
		want = outcome.Failure.Phase
	}
	if last != want {
		t.Errorf("the last phase is %q, want %q", last, want)
	}
}

// TestFailingEngine has each step of the engine fail, and be cancelled, and a
// command in the guest fail: the error is reported, there are no outputs, and
// nothing is left of the machine and on this host.
func TestFailingEngine(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	g := sandbox.Login("root")
	// Programs that are about the whole machine do nothing in the sandbox.
	for _, program := range []string{"systemctl", "fstrim"} {
		path := "/usr/local/bin/" + program
		sandboxtest.Output(t, g, "printf '#!/bin/sh\\necho running\\n' >"+path+" && chmod 755 "+path)
	}
	login := sandbox.Root()
	stopped := errors.New("stopped by the test")
	outputs, onlyBase := []string{"base.raw", "out.json", "out.raw", "out.xml"}, []string{"base.raw"}
	machine := []string{"port", "disk", "machine"}
	for _, test := range []struct {
		name, at string
		cancel   bool
		guest    string // a command for the guest before the build
		phase    string // that fails
		console  bool   // is in the report
		files    []string
		left     []string
	}{
		{name: "nothing", files: outputs},
		{name: "check", at: "check", phase: FirstPhase, files: onlyBase},
		{name: "start", at: "start", phase: "starting the machine", files: onlyBase},
		{name: "start, cancelled", at: "start", cancel: true, phase: "starting the machine", files: onlyBase},
		{name: "connect", at: "connect", phase: "starting the machine", console: true, files: onlyBase},
		{name: "connect, cancelled", at: "connect", cancel: true, phase: "starting the machine", console: true, files: onlyBase},
		{name: "command", guest: "touch /root/fails", phase: "customizing the machine", console: true, files: onlyBase},
		{name: "stop", at: "stop", phase: "shutting down the machine", console: true, files: onlyBase},
		{name: "stop, cancelled", at: "stop", cancel: true, phase: "shutting down the machine", console: true, files: onlyBase},
		{name: "save", at: "save", phase: "saving the image", console: true, files: onlyBase},
		{name: "save, cancelled", at: "save", cancel: true, phase: "saving the image", console: true, files: onlyBase},
		{name: "destroy", at: "destroy", phase: "saving the image", files: outputs, left: machine},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, tmp := t.TempDir(), t.TempDir()
			t.Setenv("TMPDIR", tmp)
			sandboxtest.Output(t, g, "rm -f /root/fails; "+test.guest)
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			fake := &enginetest.Fake{At: test.at}
			want := enginetest.ErrFake
			if test.cancel {
				fake.Stop, want = func() { stop(stopped) }, stopped
			}
			outcome, err := Run(ctx, request(t, dir, fake, login))
			checkPhases(t, outcome)
			switch {
			case test.phase == "":
				if err != nil || outcome.Failure != nil || outcome.Image == nil {
					t.Fatalf("a build that nothing is wrong with: %v, %+v", err, outcome)
				}
			case err == nil || test.at != "" && !errors.Is(err, want):
				t.Errorf("the error is %v, want %v", err, want)
			case outcome.Failure == nil || outcome.Failure.Phase != test.phase || !strings.Contains(err.Error(), outcome.Failure.Cause):
				t.Errorf("the report of %v is %+v, want the phase %q", err, outcome.Failure, test.phase)
			}
			if f := outcome.Failure; f != nil && (strings.Contains(f.Cause, "fake login") || len(f.Console) == 0 && test.console) {
				t.Errorf("the report's cause is %q, its console %q", f.Cause, f.Console)
			}
			if diff := cmp.Diff(test.left, fake.Left()); diff != "" {
				t.Errorf("left of the machine (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.files, names(t, dir)); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			if left := names(t, tmp); len(left) > 0 {
				t.Errorf("left of the work directory: %q", left)
			}
		})
	}
}

// TestKeep has the machine kept, because the request says so and because a command
// fails: it is not destroyed, and the work directory tells how to log in to it.
func TestKeep(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	g := sandbox.Login("root")
	sandboxtest.Output(t, g, "printf '#!/bin/sh\\necho running\\n' >/usr/local/bin/systemctl && chmod 755 /usr/local/bin/systemctl")
	for _, test := range []struct{ name, command string }{{"asked for", "true"}, {"failed", "exit 3"}} {
		t.Run(test.name, func(t *testing.T) {
			dir, tmp := t.TempDir(), t.TempDir()
			t.Setenv("TMPDIR", tmp)
			fake := new(enginetest.Fake)
			q := request(t, dir, fake, sandbox.Root())
			q.Recipe.Commands = []string{test.command}
			q.KeepRunning, q.KeepFailed = test.command == "true", true
			_, err := Run(t.Context(), q)
			if (err == nil) != q.KeepRunning {
				t.Errorf("the build ends with %v", err)
			}
			if diff := cmp.Diff([]string{"port", "disk", "machine"}, fake.Left()); diff != "" {
				t.Errorf("left of the machine (-want +got):\n%s", diff)
			}
			kept := names(t, tmp)
			if len(kept) != 1 {
				t.Fatalf("work directories: %q, want one", kept)
			}
			config, err := os.ReadFile(filepath.Join(tmp, kept[0], "ssh_config"))
			if err != nil || !strings.Contains(string(config), "HostName 127.0.0.1") {
				t.Errorf("ssh_config is %q, %v", config, err)
			}
			product, err := os.ReadFile(filepath.Join(dir, "out.xml"))
			if want := filepath.Join(tmp, kept[0]) + "\n"; q.KeepRunning && (err != nil || string(product) != want) {
				t.Errorf("the product is %q, %v, want %q", product, err, want)
			}
		})
	}
}
