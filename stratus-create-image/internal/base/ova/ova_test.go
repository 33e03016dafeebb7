package ova

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stratuslab/stratus/lib/diskimage"
)

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestOpen opens appliances as archives and as files side by side.
func TestOpen(t *testing.T) {
	raw, vmdk := newDisk(t, "streamOptimized")
	content := readFile(t, vmdk)
	ovf := member{name: "a.ovf", content: envelope(goodFile, goodDisk, "", "")}
	disk := member{name: "d.vmdk", content: content}
	other := member{name: "a.nvram", content: []byte("x")}
	packed := member{name: "d.vmdk", content: gzipped(t, content)}
	packedOvf := member{name: "a.ovf", content: envelope(`<File ovf:href="d.vmdk" ovf:id="f" ovf:compression="gzip"/>`,
		goodDisk, "", "")}
	spaced := member{name: "a b.vmdk", content: content}
	spacedOvf := member{name: "a.ovf", content: envelope(`<File ovf:href="a%20b.vmdk" ovf:id="f"/>`, goodDisk, "", "")}
	wrongSize := member{name: "a.ovf", content: envelope(goodFile, strings.Replace(goodDisk, `"8"`, `"9"`, 1), "", "")}
	noManifest := "no manifest: nothing shows that the appliance is complete and unchanged"
	tests := map[string]struct {
		members  []member
		copied   bool // even from files side by side
		warnings []string
	}{
		"manifest second":  {[]member{ovf, {name: "a.mf", content: manifestOf(ovf, disk, other)}, disk, other}, false, nil},
		"manifest last":    {[]member{ovf, disk, other, {name: "a.mf", content: manifestOf(disk, ovf, other)}}, false, nil},
		"capital manifest": {[]member{ovf, {name: "A.MF", content: manifestOf(ovf, disk)}, disk}, false, nil},
		"no manifest":      {[]member{ovf, disk}, false, []string{noManifest}},
		"signed": {[]member{ovf, {name: "a.mf", content: manifestOf(ovf, disk)},
			{name: "a.cert", content: []byte("x")}, disk}, false, []string{"the signature in a.cert is not verified"}},
		"gzip":            {[]member{packedOvf, {name: "a.mf", content: manifestOf(packedOvf, packed)}, packed}, true, nil},
		"percent encoded": {[]member{spacedOvf, spaced}, false, []string{noManifest}},
		"another capacity": {[]member{wrongSize, disk}, false,
			[]string{noManifest, "the disk has 8388608 bytes, the descriptor says 9437184"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, m := range test.members {
				writeFile(t, filepath.Join(dir, m.name), m.content)
			}
			for _, file := range []string{archived(t, test.members), dir + "/a.ovf"} {
				var progress bytes.Buffer
				o := options(t)
				o.Progress = &progress
				a, err := Open(t.Context(), file, o)
				if err != nil {
					t.Fatal(err)
				}
				sameDisk(t, raw, a)
				if inScratch := filepath.Dir(a.Disk) == o.Scratch; inScratch != (test.copied || strings.HasSuffix(file, ".ova")) {
					t.Errorf("%s: the disk is %s", file, a.Disk)
				}
				if diff := cmp.Diff(test.warnings, a.Warnings, cmpopts.EquateEmpty()); diff != "" || a.Format != diskimage.Vmdk ||
					progress.Len() == 0 && a.Warnings == nil {
					t.Errorf("%s, %d bytes of progress, warnings (-want +got):\n%s", a.Format, progress.Len(), diff)
				}
			}
		})
	}
}

// swap replaces a file as soon as something is written to it.
type swap struct{ old, by string }

func (s *swap) Write(p []byte) (int, error) {
	if s.by != "" {
		if err := os.Rename(s.by, s.old); err != nil {
			return 0, err
		}
		s.by = ""
	}
	return len(p), nil
}

// TestSwappedDisk: what is told of the disk is about the file that the manifest
// was held against, and not about the one that has its name by then.
func TestSwappedDisk(t *testing.T) {
	_, vmdk := newDisk(t, "streamOptimized")
	dir := t.TempDir()
	ovf := member{name: "a.ovf", content: envelope(goodFile, goodDisk, "", "")}
	disk := member{name: "d.vmdk", content: readFile(t, vmdk)}
	for _, m := range []member{ovf, disk, {name: "a.mf", content: manifestOf(ovf, disk)}} {
		writeFile(t, filepath.Join(dir, m.name), m.content)
	}
	other := writeFile(t, dir+"/other", append([]byte("QFI\xfb\x00\x00\x00\x03"), make([]byte, 4096)...))
	was, err := os.Stat(dir + "/d.vmdk")
	if err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.Progress = &swap{dir + "/d.vmdk", other}
	a, err := Open(t.Context(), dir+"/a.ovf", o)
	if err != nil {
		t.Fatal(err)
	}
	is, err := os.Stat(a.Disk)
	if err != nil || os.SameFile(is, was) {
		t.Fatalf("the disk was not replaced: %v", err)
	}
	if a.Format != diskimage.Vmdk || a.Size != 8*mib || !os.SameFile(a.Beside, was) {
		t.Errorf("a %s disk of %d bytes, the same file: %t", a.Format, a.Size, os.SameFile(a.Beside, was))
	}
}

// TestOpenIsNoFault: what is not the appliance's fault is not called so.
func TestOpenIsNoFault(t *testing.T) {
	_, vmdk := newDisk(t, "streamOptimized")
	file := archived(t, []member{{name: "a.ovf", content: envelope(goodFile, goodDisk, "", "")},
		{name: "d.vmdk", content: readFile(t, vmdk)}})
	stopped := errors.New("stopped by the user")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped)
	if _, err := Open(ctx, file, options(t)); !errors.Is(err, stopped) || errors.Is(err, ErrUnusable) {
		t.Errorf("after the end of the context: %v", err)
	}
	o := options(t)
	if err := os.Remove(o.Scratch); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), file, o); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnusable) {
		t.Errorf("without a scratch directory: %v", err)
	}
	if _, err := Open(t.Context(), file+"-not", options(t)); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnusable) {
		t.Errorf("without a file: %v", err)
	}
}
