package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/cache"
)

// makeKeys makes what no two builds may have in common: from the kernel's random
// numbers, and from those of a program.
const makeKeys = `#!/bin/sh
set -eu
mkdir /srv/made
head -c 32 /dev/urandom | base64 >/srv/made/key
cat /proc/sys/kernel/random/uuid >/srv/made/uuid
ssh-keygen -q -t ed25519 -N '' -C made -f /srv/made/ssh
`

// TestWarm makes one image from a machine of which nothing is kept, from one that is
// kept on the way, and from one that goes on from there. Whatever is in them is alike,
// but the keys. Then only the script changes, and snapshots are damaged.
func TestWarm(t *testing.T) {
	base := testBase(t)
	t.Parallel()
	w := &warm{t: t, base: base, dir: t.TempDir(), cache: t.TempDir()}
	writeFile(t, w.dir+"/keys.sh", makeKeys, 0o755)
	cold := w.build("cold", nil, "--no-warm")
	keeping := w.build("keeping", nil)
	resumed := w.build("resumed", []string{`machine: reused, made \d+ (s|min) ago`, `packages: reused, made \d+ (s|min) ago`})
	w.checkAlike("a cold build and one that keeps its machine", cold, keeping)
	w.checkAlike("a cold build and one that goes on", cold, resumed)

	// Of the layer after the script, each of these is found out, and the one below is used.
	writeFile(t, w.dir+"/keys.sh", makeKeys+"echo changed >/srv/changed\n", 0o755)
	packages := []string{`packages: reused, made \d+ (s|min) ago`}
	changed := w.build("changed", packages, "--keep-steps")
	if changed["srv/changed"] == "" {
		t.Error("the script that changed did not run")
	}
	delete(changed, "srv/changed")
	w.checkAlike("a build with another script", cold, changed)
	for _, damage := range []struct {
		name string
		do   func(dir string, overlays []string)
	}{
		{"ram", func(dir string, _ []string) { w.flip(dir + "/ram") }},
		{"state", func(dir string, _ []string) { w.flip(dir + "/state") }},
		{"overlay", func(dir string, overlays []string) { w.flip(dir + "/" + overlays[len(overlays)-1]) }},
		{"QEMU", func(dir string, _ []string) { w.changeIdentity(dir) }},
	} {
		damage.do(w.latest())
		got := w.build(damage.name, append([]string{`warning: not going on from an earlier build: `}, packages...), "--keep-steps")
		delete(got, "srv/changed")
		w.checkAlike("a build after damage to "+damage.name, cold, got)
	}
}

// warm is a recipe, and what builds of it keep.
type warm struct {
	t                *testing.T
	base, dir, cache string
}

// build makes an image, and returns what is in it. The build must say what matches each
// of the expressions, warn only of what one of them names, and once, and reuse nothing if
// there is none.
func (w *warm) build(name string, says []string, args ...string) map[string]string {
	w.t.Helper()
	begun := time.Now()
	image := w.dir + "/" + name + ".qcow2"
	args = append(args, "-a", "hello", "-s", "keys.sh", "-o", image, w.base)
	b := startWith(w.t, w.dir, []string{"XDG_CACHE_HOME=" + w.cache}, args...)
	if code := b.wait(); code != 0 {
		w.t.Fatalf("%s: exit code %d:\n%s", name, code, b.stderr.String())
	}
	w.t.Logf("%s: %.1f s", name, time.Since(begun).Seconds())
	warnings := 0
	for _, say := range says {
		warnings += strings.Count(say, "warning: ")
		if !regexp.MustCompile(say).MatchString(b.stderr.String()) {
			w.t.Errorf("%s: does not say %q", name, say)
		}
	}
	said := b.stderr.String()
	if strings.Count(said, "warning: ") != warnings || len(says) == 0 && strings.Contains(said, ": reused") {
		w.t.Errorf("%s: %d warnings are expected, and that %q is said:\n%s", name, warnings, says, said)
	}
	return w.content(image)
}

// content returns what is in an image: for each path the mode, the owner, and where it
// leads to or the digest of its content.
func (w *warm) content(image string) map[string]string {
	w.t.Helper()
	d := openDisk(w.t, image)
	dir := filepath.Dir(d.raw) + "/tree"
	if err := os.Mkdir(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	d.debugfs("rdump / " + dir)
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		owner, _ := info.Sys().(*syscall.Stat_t)
		is := ""
		switch {
		case info.Mode().IsRegular():
			is, err = sha256Of(path)
		case info.Mode()&fs.ModeSymlink != 0:
			is, err = os.Readlink(path)
		}
		found[strings.TrimPrefix(path, dir+"/")] = fmt.Sprintf("%v %d:%d %s", info.Mode(), owner.Uid, owner.Gid, is)
		return err
	})
	if err != nil || len(found) < 5000 {
		w.t.Fatalf("reading the image %q: %d paths, %v", image, len(found), err)
	}
	if err := os.RemoveAll(filepath.Dir(d.raw)); err != nil {
		w.t.Error(err)
	}
	return found
}

func sha256Of(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// checkAlike compares what is in two images. Two cold builds of this recipe differ in
// nothing but the keys that the script makes, and these all differ.
func (w *warm) checkAlike(what string, one, other map[string]string) {
	w.t.Helper()
	keys := []string{"srv/made/key", "srv/made/uuid", "srv/made/ssh", "srv/made/ssh.pub"}
	ignored := cmp.FilterPath(func(p cmp.Path) bool {
		at, ok := p.Last().(cmp.MapIndex)
		return ok && strings.HasPrefix(at.Key().String(), "srv/made/")
	}, cmp.Ignore())
	if diff := cmp.Diff(one, other, ignored); diff != "" {
		w.t.Errorf("%s differ (-one +other):\n%s", what, diff)
	}
	for _, key := range keys {
		if one[key] == "" || one[key] == other[key] {
			w.t.Errorf("%s: %s is %q in one and %q in the other", what, key, one[key], other[key])
		}
	}
}

// latest returns the directory of the snapshot with the most steps behind it, and its
// overlays.
func (w *warm) latest() (dir string, overlays []string) {
	w.t.Helper()
	entries, err := cache.In(w.cache + "/stratuslab").List()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		var m struct{ Overlays []string }
		if err := e.Verify(context.Background()); err != nil {
			w.t.Errorf("a %s is kept as %q: %v", e.Kind, e.Path, err)
		}
		if err := cache.ReadManifest(e.Path, &m); err != nil {
			w.t.Fatal(err)
		}
		if len(m.Overlays) > len(overlays) {
			dir, overlays = e.Path, m.Overlays
		}
	}
	if len(entries) != 4 || len(overlays) != 4 { // the machine, lists, packages, script
		w.t.Fatalf("%d snapshots are kept, the latest with the overlays %q; want 4 of each", len(entries), overlays)
	}
	return dir, overlays
}

// flip changes one byte in the middle of a file.
func (w *warm) flip(path string) {
	w.t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		w.t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, info.Size()/2); err != nil {
		w.t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b, info.Size()/2); err != nil {
		w.t.Fatal(err)
	}
}

// changeIdentity makes a snapshot one of another QEMU.
func (w *warm) changeIdentity(dir string) {
	w.t.Helper()
	var m map[string]json.RawMessage
	if err := cache.ReadManifest(dir, &m); err != nil {
		w.t.Fatal(err)
	}
	m["Identity"] = json.RawMessage(`"another"`)
	if err := cache.WriteManifest(dir, m); err != nil {
		w.t.Fatal(err)
	}
}
