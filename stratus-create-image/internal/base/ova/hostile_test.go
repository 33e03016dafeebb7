package ova

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// hostile is an appliance that is refused.
type hostile struct {
	name    string
	members []member
	want    string // in the error
}

// hostileArchives are made around a good disk.
func hostileArchives(t *testing.T, content []byte) []hostile {
	ovf := member{name: "a.ovf", content: envelope(goodFile, goodDisk, "", "")}
	disk := member{name: "d.vmdk", content: content}
	typed := func(flag byte) func(*tar.Header) {
		return func(h *tar.Header) { h.Typeflag, h.Linkname, h.Size = flag, "/etc/passwd", 0 }
	}
	sized := func(size int64) func(*tar.Header) { return func(h *tar.Header) { h.Size = size } }
	mf := func(text string) member { return member{name: "a.mf", content: []byte(text)} }
	bomb := member{name: "d.vmdk", content: gzipped(t, make([]byte, 20*mib))}
	packed := member{name: "a.ovf", content: envelope(`<File ovf:href="d.vmdk" ovf:id="f" ovf:compression="gzip"/>`,
		goodDisk, "", "")}
	many := []member{ovf}
	for i := range maxMembers {
		many = append(many, member{name: fmt.Sprint("f", i)})
	}
	return []hostile{
		{"wrong checksum", []member{ovf, mf(string(manifestOf(ovf, member{name: "d.vmdk", content: []byte("x")}))), disk},
			`the SHA1 of "d.vmdk" is `},
		{"wrong checksum, listed last", []member{ovf, disk,
			mf(string(manifestOf(ovf)) + "SHA512(d.vmdk)= " + strings.Repeat("00", 64))}, "the manifest wants 0000"},
		{"wrong checksum of the descriptor", []member{ovf, mf(string(manifestOf(disk, member{name: "a.ovf"}))), disk},
			`the SHA1 of "a.ovf" is`},
		{"disk not listed", []member{ovf, mf(string(manifestOf(ovf))), disk}, `the manifest has no checksum of "d.vmdk"`},
		{"descriptor not listed", []member{ovf, disk, mf(string(manifestOf(disk)))}, `the manifest has no checksum of "a.ovf"`},
		{"listed file missing", []member{ovf, mf(string(manifestOf(ovf, disk, member{name: "gone"}))), disk},
			`no file "gone", which the manifest lists`},
		{"second manifest", []member{ovf, mf(""), {name: "b.mf"}, disk}, `a second manifest, "b.mf"`},
		{"bad manifest", []member{ovf, mf("hello\n"), disk}, `line 1 of the manifest, "hello"`},
		{"parent directory", []member{ovf, {name: "../d.vmdk"}, disk}, `not a valid file name: "../d.vmdk"`},
		{"absolute name", []member{ovf, {name: "/etc/cron.d/x"}, disk}, `not a valid file name: "/etc/cron.d/x"`},
		{"directory", []member{ovf, {name: "x", change: typed(tar.TypeDir)}, disk}, "is not a plain file"},
		{"symbolic link", []member{ovf, {name: "d.vmdk", change: typed(tar.TypeSymlink)}}, "is not a plain file"},
		{"hard link", []member{ovf, {name: "d.vmdk", change: typed(tar.TypeLink)}}, "is not a plain file"},
		{"device", []member{ovf, {name: "d.vmdk", change: typed(tar.TypeBlock)}}, "is not a plain file"},
		{"huge size claimed", []member{ovf, {name: "d.vmdk", content: content, change: sized(1 << 50)}}, "at most 16777216"},
		{"huge size claimed beside", []member{ovf, {name: "x", change: sized(1 << 50)}, disk}, "unexpected EOF"},
		{"truncated", []member{ovf, {name: "d.vmdk", content: content, change: sized(int64(len(content)) + mib)}}, "unexpected EOF"},
		{"bad tar header", []member{ovf, {name: "x", content: bytes.Repeat([]byte("x"), 1024), change: sized(0)}, disk},
			"invalid tar header"},
		{"two descriptors", []member{ovf, {name: "b.ovf", content: ovf.content}, disk}, `two descriptors, "a.ovf" and "b.ovf"`},
		{"descriptor not first", []member{disk, ovf}, `the archive begins with "d.vmdk"`},
		{"empty", nil, "an empty archive"},
		{"no disk file", []member{ovf}, `no file "d.vmdk"`},
		{"two disk files", []member{ovf, disk, disk}, `two files "d.vmdk"`},
		{"too many entries", many, "at most 256 entries"},
		{"long descriptor", []member{{name: "a.ovf", content: bytes.Repeat([]byte(" "), maxText+1)}}, "at most 1048576 bytes"},
		{"gzip bomb", []member{packed, bomb}, "decompressed, at most 16777216 bytes"},
		{"not gzip", []member{packed, disk}, "is not compressed with gzip"},
		{"damaged gzip", []member{packed, {name: "d.vmdk", content: gzipped(t, content)[:20000]}}, "bad compressed data"},
		{"raw disk", []member{ovf, {name: "d.vmdk", content: make([]byte, 4096)}}, "is a raw file"},
		{"another format", []member{ovf, {name: "d.vmdk",
			content: append([]byte("QFI\xfb\x00\x00\x00\x03"), make([]byte, 4096)...)}}, "is a qcow2 file"},
		{"disk that is /etc/passwd", []member{ovf, {name: "d.vmdk",
			content: []byte("# Disk DescriptorFile\nversion=1\ncreateType=\"monolithicFlat\"\nRW 8 FLAT \"/etc/passwd\" 0\n")}},
			`extent "/etc/passwd"`},
	}
}

func TestHostileArchives(t *testing.T) {
	_, vmdk := newDisk(t, "streamOptimized")
	for _, test := range hostileArchives(t, readFile(t, vmdk)) {
		t.Run(test.name, func(t *testing.T) { refused(t, archived(t, test.members), test.want) })
	}
}

// refused makes sure of the error, and that nothing but the disk was written.
func refused(t *testing.T, file, want string) {
	t.Helper()
	o := options(t)
	_, err := Open(t.Context(), file, o)
	if !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one that wraps ErrUnusable with %q", err, want)
	}
	entries, err := os.ReadDir(o.Scratch)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || entry.Name() != "disk" || !info.Mode().IsRegular() || info.Size() > o.Limit {
			t.Errorf("in the scratch directory: %v, %v", info, err)
		}
	}
}

// TestSparseTar: zeros that an archive only claims are not unpacked.
func TestSparseTar(t *testing.T) {
	for _, format := range []string{"gnu", "posix"} {
		dir := t.TempDir()
		writeFile(t, dir+"/a.ovf", envelope(goodFile, goodDisk, "", ""))
		writeFile(t, dir+"/d.vmdk", nil)
		if err := os.Truncate(dir+"/d.vmdk", 1<<40); err != nil {
			t.Fatal(err)
		}
		run(t, "tar", "--sparse", "--format="+format, "-C", dir, "-cf", dir+"/a.ova", "a.ovf", "d.vmdk")
		refused(t, dir+"/a.ova", `"d.vmdk" is not a plain file`)
	}
}

// TestHostileFolders: what lies beside a descriptor is no more trusted.
func TestHostileFolders(t *testing.T) {
	_, vmdk := newDisk(t, "streamOptimized")
	link := func(t *testing.T, dir, name, target string) {
		if err := os.Symlink(target, dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		prepare func(t *testing.T, dir string)
		want    string
	}{
		"no disk": {func(*testing.T, string) {}, `no file "d.vmdk"`},
		"linked disk": {func(t *testing.T, dir string) { link(t, dir, "d.vmdk", vmdk) },
			`"d.vmdk": not a regular file, but a symbolic link`},
		"linked manifest": {func(t *testing.T, dir string) { link(t, dir, "a.mf", "/dev/zero") },
			`"a.mf": not a regular file, but a symbolic link`},
		"pipe": {func(t *testing.T, dir string) { run(t, "mkfifo", dir+"/d.vmdk") }, "not a regular file"},
		"listed directory": {func(t *testing.T, dir string) {
			writeFile(t, dir+"/d.vmdk", readFile(t, vmdk))
			writeFile(t, dir+"/a.mf", []byte("SHA1(dir)= "+strings.Repeat("00", 20)))
			run(t, "mkdir", dir+"/dir")
		}, "not a regular file"},
		"missing listed file": {func(t *testing.T, dir string) {
			writeFile(t, dir+"/d.vmdk", readFile(t, vmdk))
			writeFile(t, dir+"/a.mf", []byte("SHA1(gone)= "+strings.Repeat("00", 20)))
		}, `no file "gone", which the manifest lists`},
		"wrong checksum": {func(t *testing.T, dir string) {
			writeFile(t, dir+"/d.vmdk", readFile(t, vmdk))
			writeFile(t, dir+"/a.mf", []byte("SHA1(d.vmdk)= "+strings.Repeat("00", 20)))
		}, "the manifest wants 0000"},
		"wrong checksum in capitals": {func(t *testing.T, dir string) {
			writeFile(t, dir+"/d.vmdk", readFile(t, vmdk))
			writeFile(t, dir+"/a.MF", []byte("SHA1(d.vmdk)= "+strings.Repeat("00", 20)))
		}, "the manifest wants 0000"},
		"two manifests": {func(t *testing.T, dir string) {
			writeFile(t, dir+"/d.vmdk", readFile(t, vmdk))
			writeFile(t, dir+"/A.MF", nil)
			writeFile(t, dir+"/a.mf", nil)
		}, `a second manifest, "a.mf"`},
		"extent elsewhere": {func(t *testing.T, dir string) {
			run(t, "qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", dir+"/d.vmdk", "1M")
		}, `extent "d-flat.vmdk"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test.prepare(t, dir)
			refused(t, writeFile(t, dir+"/a.ovf", envelope(goodFile, goodDisk, "", "")), test.want)
		})
	}
	pipe := t.TempDir() + "/pipe.ova"
	run(t, "mkfifo", pipe)
	refused(t, pipe, "not a regular file")
}
