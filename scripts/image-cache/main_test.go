package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/command/commandtest"
)

func TestMain(m *testing.M) { commandtest.Main(m, "image-cache", main) }

// TestScripts: each script finds a cache of its own with an image IMAGE and two snapshots,
// of which "child" has a file of "parent"; and a download that broke off.
func TestScripts(t *testing.T) {
	commandtest.Scripts(t, func(p *testscript.Params) {
		setUp := p.Setup
		p.Setup = func(e *testscript.Env) error {
			e.Setenv("XDG_CACHE_HOME", e.WorkDir)
			if err := fill(cache.In(e.WorkDir+"/stratuslab"), e.Setenv); err != nil {
				return err
			}
			return setUp(e)
		}
	})
}

func fill(d cache.Dirs, setenv func(name, value string)) error {
	content := make([]byte, 300<<10)
	for i := range content {
		content[i] = byte(i)
	}
	image := fmt.Sprintf("%s/sha256-%x", d.Images, sha256.Sum256(content))
	setenv("IMAGE", image)
	used := func(hours int, paths ...string) error {
		at := time.Now().Add(-time.Duration(hours) * time.Hour)
		for _, path := range paths {
			if err := os.Chtimes(path, at, at); err != nil {
				return err
			}
		}
		return nil
	}
	write := func(path string, size int) error {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return os.WriteFile(path, content[:size], 0o600)
	}
	manifest := func(dir string, names ...string) error {
		m := struct{ Files cache.Sums }{make(cache.Sums)}
		for _, name := range names {
			sum, err := cache.CopyFile(context.Background(), "", dir+"/"+name)
			if err != nil {
				return err
			}
			m.Files[name] = sum
		}
		return cache.WriteManifest(dir, m)
	}
	parent, child := d.Snapshots+"/parent", d.Snapshots+"/child"
	for _, do := range []func() error{
		func() error { return write(image, len(content)) },
		func() error { return write(image+cache.LockEnding, 0) },
		func() error { return write(d.Images+"/sha256-01"+cache.PartEnding, 8<<10) },
		func() error { return write(parent+"/ram", 100<<10) },
		func() error { return write(parent+"/disk0.qcow2", 200<<10) },
		func() error { return write(child+"/ram", 100<<10) },
		func() error { return os.Link(parent+"/disk0.qcow2", child+"/disk0.qcow2") },
		func() error { return write(d.Snapshots+"/"+cache.LivePrefix+"killed/disk0.qcow2", 10) },
		func() error { return manifest(parent, "ram", "disk0.qcow2") },
		func() error { return manifest(child, "ram", "disk0.qcow2") },
		func() error { return used(9, parent+"/"+cache.ManifestFile) },
		func() error { return used(5, image+cache.LockEnding) },
		func() error { return used(2, child+"/"+cache.ManifestFile) },
		func() error { return used(200, d.Images+"/sha256-01"+cache.PartEnding) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}
