package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
)

// TestRoundTrip makes an image of the image that the step before has made, each
// in another format, and starts the last one.
func TestRoundTrip(t *testing.T) {
	base := testBase(t)
	peers.Need(t, "tar", "sha256sum")
	t.Parallel()
	dir := t.TempDir()
	build := func(output, from string) {
		messages, draft := makeFrom(t, dir, from, "--run", "echo "+output+" >>/etc/trip", "-o", output)
		checkLines(t, messages, `starting the machine: .*, (disks on .*)`, "disks on virtio, bios")
		checkTerms(t, draft, map[metadata.Term]string{metadata.Format: output[2:], metadata.DisksBus: "virtio"})
	}
	build("a.vdi", base)
	checkFormat(t, dir+"/a.vdi", "vdi", "")
	build("b.ova", "a.vdi")
	disk := unpackAppliance(t, dir+"/b.ova", `vmw:key="firmware" vmw:value="bios"`, `ResourceSubType>vmware.sata.ahci<`)
	checkFormat(t, disk, "vmdk", "streamOptimized")
	build("c.vmdk", "b.ova")
	checkFormat(t, dir+"/c.vmdk", "vmdk", "monolithicSparse")
	messages, _ := makeFrom(t, dir, "c.vmdk", "--run", "cat /etc/trip", "--no-save")
	checkLines(t, messages, `run\| (.*)`, "a.vdi", "b.ova", "c.vmdk")
}

// makeFrom runs a build in a small machine that must succeed, and gives what it
// said and the draft. Nothing of the base is copied before the machine starts,
// but for the disk of an archive.
func makeFrom(t *testing.T, dir, base string, args ...string) (messages string, draft *metadata.Document) {
	t.Helper()
	allowed := int64(16 << 20) // an overlay with nothing in it, small disks
	if !filepath.IsAbs(base) {
		base = filepath.Join(dir, base)
	}
	if filepath.Ext(base) == ".ova" {
		allowed += allocated(t, base)
	}
	before := allocated(t, dir)
	b := start(t, dir, append(append([]string{"-t", "t1.micro"}, args...), base)...)
	b.waitLine("starting the machine")
	if got := allocated(t, b.tmp) + allocated(t, dir) - before; got > allowed {
		t.Errorf("%d bytes are taken before the machine starts, want at most %d", got, allowed)
	}
	code := b.wait()
	t.Logf("%s", b.stderr.String())
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	b.checkNothingLeft(b.tmp)
	if b.stdout.Len() == 0 {
		return b.stderr.String(), nil
	}
	draft, err := metadata.Parse(&b.stdout)
	if err != nil {
		t.Fatal(err)
	}
	return b.stderr.String(), draft
}

// allocated is how many bytes a file or directory takes on the disk, holes not
// counted.
func allocated(t *testing.T, path string) (bytes int64) {
	t.Helper()
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			return nil
		}
		if err == nil {
			bytes += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// checkLines compares what an expression's group matches in what a build said.
func checkLines(t *testing.T, messages, expression string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, matches(messages, expression)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", expression, diff)
	}
}

func checkTerms(t *testing.T, draft *metadata.Document, want map[metadata.Term]string) {
	t.Helper()
	for term, text := range want {
		if got := draft.Text(term); got != text {
			t.Errorf("the draft's %s is %q, want %q", term, got, text)
		}
	}
}

// checkFormat has qemu-img look at an image: it is of the format, whole, stands
// alone, and takes no space for what is empty on its disk.
func checkFormat(t *testing.T, image, format, variant string) {
	t.Helper()
	type info struct {
		Format   string `json:"format"`
		Size     int64  `json:"virtual-size"`
		Backing  string `json:"backing-filename"`
		Specific struct {
			Data struct {
				Variant string `json:"create-type"`
			} `json:"data"`
		} `json:"format-specific"`
	}
	const diskSize = 4 << 30 // of build-base-image
	want := info{Format: format, Size: diskSize}
	want.Specific.Data.Variant = variant
	var got info
	if err := json.Unmarshal([]byte(output(t, "qemu-img", "info", "--output=json", image)), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", image, diff)
	}
	if format != "vpc" { // which qemu-img cannot check
		output(t, "qemu-img", "check", "-q", "-f", format, image)
	}
	if took := allocated(t, image); took > diskSize/3 {
		t.Errorf("%s takes %d bytes of the disk", image, took)
	}
}

// unpackAppliance unpacks an archive beside it, holds the files against their
// manifest, and gives the path of the disk. The descriptor must hold the texts.
func unpackAppliance(t *testing.T, archive string, texts ...string) (disk string) {
	t.Helper()
	dir := filepath.Dir(archive)
	stem := strings.TrimSuffix(filepath.Base(archive), ".ova")
	names := strings.Fields(output(t, "tar", "-xvf", archive, "-C", dir))
	if diff := cmp.Diff([]string{stem + ".ovf", stem + ".mf", stem + "-disk1.vmdk"}, names); diff != "" {
		t.Errorf("%s (-want +got):\n%s", archive, diff)
	}
	sums := output(t, "sh", "-c", `cd "$1" && sha256sum --check --strict "$2.mf"`, "sh", dir, stem)
	if diff := cmp.Diff(stem+".ovf: OK\n"+stem+"-disk1.vmdk: OK\n", sums); diff != "" {
		t.Errorf("the manifest (-want +got):\n%s", diff)
	}
	descriptor, err := os.ReadFile(filepath.Join(dir, stem+".ovf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(string(descriptor), text) {
			t.Errorf("the descriptor does not hold %q:\n%s", text, descriptor)
		}
	}
	return filepath.Join(dir, stem+"-disk1.vmdk")
}
