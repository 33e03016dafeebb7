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
// in another format and under another context, and starts the last one.
func TestRoundTrip(t *testing.T) {
	base := trixieBase(t)
	peers.Need(t, "tar", "sha256sum")
	t.Parallel()
	dir := t.TempDir()
	build := func(scheme, taken, output, from string, args ...string) {
		m := newMessage(t, scheme)
		args = m.args(append(args, "--run", "echo "+output+" >>/etc/trip", "-o", dir+"/"+output)...)
		messages, draft := makeFrom(t, m.dir, from, args...)
		m.check(t, messages, taken)
		checkLines(t, messages, `starting the machine: .*, (disks on .*)`, "disks on virtio, bios")
		checkTerms(t, draft, map[metadata.Term]string{metadata.Format: output[2:], metadata.DisksBus: "virtio"})
	}
	build("opennebula", "cloud-init (OpenNebula)", "a.vdi", base)
	checkFormat(t, dir+"/a.vdi", "vdi", "")
	build("nocloud", "cloud-init (NoCloud)", "b.ova", dir+"/a.vdi", withHook(t)...)
	disk := unpackAppliance(t, dir+"/b.ova", `vmw:key="firmware" vmw:value="bios"`, `ResourceSubType>vmware.sata.ahci<`)
	checkFormat(t, disk, "vmdk", "streamOptimized")
	build("stratuslab", "hepix and stratuslab", "c.vmdk", dir+"/b.ova")
	checkFormat(t, dir+"/c.vmdk", "vmdk", "monolithicSparse")
	m := newMessage(t, "hepix")
	b := startFrom(t, m.dir, nil, dir+"/c.vmdk", m.args("--run", "cat /etc/trip", "--run", powersOff, "-o", "out.qcow2")...)
	b.checkFails(1, poweredOff, m.dir, m.files...)
	m.check(t, b.stderr.String(), "hepix", "a.vdi", "b.ova", "c.vmdk", "started")
}

// startFrom starts a build in a small machine in the directory dir. Nothing of
// the base, a path, is copied before the machine starts, but for the disk of an
// archive.
func startFrom(t *testing.T, dir string, env []string, base string, args ...string) *child {
	t.Helper()
	allowed := int64(16 << 20) // an overlay with nothing in it, small disks
	if filepath.Ext(base) == ".ova" {
		allowed += allocated(t, base)
	}
	before := allocated(t, dir)
	b := startWith(t, dir, env, append(append([]string{"-t", "t1.micro"}, args...), base)...)
	b.waitLine("starting the machine")
	if got := allocated(t, b.tmp) + allocated(t, dir) - before; got > allowed {
		t.Errorf("%d bytes are taken before the machine starts, want at most %d", got, allowed)
	}
	return b
}

// makeFrom is startFrom for a build that must succeed. It returns what the build
// said, and the draft, nil if nothing is saved.
func makeFrom(t *testing.T, dir, base string, args ...string) (messages string, draft *metadata.Document) {
	t.Helper()
	b := startFrom(t, dir, nil, base, args...)
	code := b.wait()
	t.Logf("%s", b.stderr.String())
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	b.checkNothingLeft(b.tmp)
	if b.stdout.Len() == 0 {
		return b.stderr.String(), nil
	}
	draft, err := metadata.Read(&b.stdout)
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
