package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/remote"
)

// job is what a process that a test starts publishes.
type job struct {
	Dir       string
	Documents []string // files
	KillAt    int64    // it kills itself at this change; 0 is never

	Host, Port, User, Key, KnownHosts string // of the SFTP server; no host is a local directory
}

const jobVariable = "STRATUS_REGISTRY_TEST_JOB"

func TestMain(m *testing.M) {
	if text := os.Getenv(jobVariable); text != "" {
		if err := runJob(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	peers.Contain()
	code := m.Run()
	for _, dir := range grown.dirs {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func runJob(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	var f files
	dir, err := registry.Local(j.Dir)
	f = local{dir}
	if j.Host != "" {
		options := remote.Options{SSHKey: j.Key, KnownHosts: j.KnownHosts}
		session, err := remote.DialSFTP(context.Background(), j.User, j.Host, j.Port, options)
		if err != nil {
			return err
		}
		f = distant{registry.SFTP(session.Client, j.Dir)}
	}
	if err != nil {
		return err
	}
	if j.KillAt > 0 {
		f = &counting{files: f, at: j.KillAt, torn: true, do: killSelf}
	}
	r := at(f)
	for _, name := range j.Documents {
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		e, err := entry.Verify(src)
		if err != nil {
			return err
		}
		if _, _, err := r.Publish(context.Background(), e); err != nil {
			return err
		}
	}
	return nil
}

func killSelf() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal comes
}

// start runs a job in a process of its own.
func (j job) start(t testing.TB) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(j)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	must(t, cmd.Start())
	return cmd
}

func writeDocument(t testing.TB, src []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "signed.xml")
	must(t, os.WriteFile(name, src, 0o600))
	return name
}

// counting does something when a change is about to be made.
type counting struct {
	files
	at   int64
	torn bool // of a file that is written then, half is written first
	do   func()
	n    atomic.Int64
}

func (c *counting) step() {
	if c.n.Add(1) == c.at {
		c.do()
	}
}

func (c *counting) Mkdir(name string) error              { c.step(); return c.files.Mkdir(name) }
func (c *counting) MkdirAll(name string) error           { c.step(); return c.files.MkdirAll(name) }
func (c *counting) Rename(from, to string) error         { c.step(); return c.files.Rename(from, to) }
func (c *counting) RenameNew(from, to string) error      { c.step(); return c.files.RenameNew(from, to) }
func (c *counting) Touch(name string, t time.Time) error { c.step(); return c.files.Touch(name, t) }
func (c *counting) Remove(name string) error             { c.step(); return c.files.Remove(name) }
func (c *counting) SyncDir(name string) error            { c.step(); return c.files.SyncDir(name) }

func (c *counting) Create(name string, body []byte, lasting bool) error {
	if c.torn && c.n.Load() == c.at-1 {
		_ = c.files.Create(name, body[:len(body)/2], lasting)
	}
	c.step()
	return c.files.Create(name, body, lasting)
}

// TestKill stops a writer at every change that it makes, as kill -9 does. There
// is never anything to be seen that is not whole, and the next publication
// completes the lists.
func TestKill(t *testing.T) {
	full := make([]*entry.Entry, registry.TagEntries)
	for i := range full {
		full[i] = spec{image: i, second: i, tag: "old"}.entry(t)
	}
	tests := map[string]struct {
		before []*entry.Entry
		victim *entry.Entry
		stride int
		lost   bool // the head of the log: everything derived is made anew
	}{
		"the first of all":                      {nil, spec{image: 1, at: 40, tag: "new"}.entry(t), 1, false},
		"on a new file of a listing, replacing": {full, spec{image: 1, at: 40, tag: "new"}.entry(t), 1, false},
		"everything derived is made anew":       {full[:8], spec{image: 1, at: 40, tag: "new"}.entry(t), 3, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				test.stride *= 7
			}
			base, scratch := memory(t), memory(t)
			publish(t, at(localFiles(t, base)), test.before...)
			if test.lost {
				must(t, os.Remove(filepath.Join(base, registry.HeadFile)))
			}
			document := writeDocument(t, test.victim.Source)
			next := spec{image: 2, at: 50, tag: "old"}.entry(t)
			// Another part of the steps is looked at each time.
			for step := 1 + rand.N(test.stride); ; step += test.stride {
				dir := filepath.Join(scratch, "registry")
				if out, err := exec.CommandContext(t.Context(), "cp", "-a", base, dir).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				err := job{Dir: dir, Documents: []string{document}, KillAt: int64(step)}.start(t).Wait()
				if err == nil {
					if step < 20 {
						t.Errorf("a publication makes %d changes only", step)
					}
					return
				}
				killedAt(t, dir, append(test.before[:len(test.before):len(test.before)], next), test.victim)
				if t.Failed() {
					t.Fatalf("killed at step %d", step)
				}
				must(t, os.RemoveAll(dir))
			}
		})
	}
}

// killedAt looks at a registry whose writer was killed; the last of want is yet
// to be published.
func killedAt(t *testing.T, dir string, want []*entry.Entry, victim *entry.Entry) {
	t.Helper()
	checkReadable(t, dir)
	_, err := os.Stat(filepath.Join(dir, victim.Path()))
	there := err == nil
	r := at(localFiles(t, dir))
	r.stale = 200 * time.Millisecond // where it was killed before it said who it is
	publish(t, r, want[len(want)-1])
	if there {
		checkComplete(t, dir, append(want, victim)...)
	} else {
		checkComplete(t, dir, want...)
	}
	_, existed, err := r.Publish(t.Context(), victim)
	if existed != there || err != nil {
		t.Errorf("publishing again: existed %v, want %v; %v", existed, there, err)
	}
	checkComplete(t, dir, append(want, victim)...)
}
