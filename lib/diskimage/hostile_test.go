package diskimage_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
)

var (
	little = binary.LittleEndian
	big    = binary.BigEndian
)

// Where the metadata of a VHDX by qemu-img is, and the entries in its tables.
const (
	regions  = 192 << 10
	metadata = 3 << 20
)

// itemOf returns the item of a VHDX metadata table whose GUID has this prefix.
func itemOf(b []byte, guid string) (entry, item []byte) {
	at := metadata + bytes.Index(b[metadata:metadata+4096], []byte(guid))
	return b[at : at+32], b[metadata+int(little.Uint32(b[at+16:])):]
}

// patchVhdxHeaders changes both headers and makes their checksums right.
func patchVhdxHeaders(b []byte, patch func(header []byte)) {
	for _, at := range []int{64 << 10, 128 << 10} {
		header := b[at : at+4<<10]
		patch(header)
		clear(header[4:8])
		little.PutUint32(header[4:], crc32.Checksum(header, crc32.MakeTable(crc32.Castagnoli)))
	}
}

// replace puts text of the same length in place of the first old.
func replace(b []byte, old, text string) {
	if len(old) != len(text) || !bytes.Contains(b, []byte(old)) {
		panic("cannot replace " + old)
	}
	copy(b[bytes.Index(b, []byte(old)):], text)
}

func TestPatchedHeaders(t *testing.T) {
	peers.Need(t, "qemu-img")
	const (
		qcow2Words = "-f qcow2 disk.image 4M"
		backed     = "-f qcow2 -b base.qcow2 -F qcow2 disk.image"
		vmdkWords  = "-f vmdk disk.image 4M"
		vdiWords   = "-f vdi disk.image 4M"
		vhdWords   = "-f vpc disk.image 4M"
		vhdFixed   = "-f vpc -o subformat=fixed disk.image 4M"
		vhdxWords  = "-f vhdx disk.image 4M"
	)
	foreign, malformed := diskimage.ErrForeign, diskimage.ErrMalformed
	tests := []struct {
		name, words string
		format      diskimage.Format
		patch       func(b []byte)
		want        error
	}{
		{"long backing name", backed, diskimage.Qcow2, func(b []byte) { big.PutUint32(b[16:], 1024) }, malformed},
		{"backing name far away", backed, diskimage.Qcow2, func(b []byte) { big.PutUint64(b[8:], 1<<63) }, malformed},
		{
			"backing name past the end", backed, diskimage.Qcow2, func(b []byte) { big.PutUint64(b[8:], uint64(len(b)-3)) },
			malformed,
		},
		{"data file without a name", qcow2Words, diskimage.Qcow2, func(b []byte) { b[79] |= 4 }, foreign},
		{
			"extensions past the end", qcow2Words, diskimage.Qcow2,
			func(b []byte) { b[79] |= 4; big.PutUint32(b[100:], math.MaxUint32) }, malformed,
		},
		{"endless extensions", qcow2Words, diskimage.Qcow2, func(b []byte) {
			b[79] |= 4
			for at := 104; at < 2048; at += 8 {
				copy(b[at:], "\x00\x00\x00\x01\x00\x00\x00\x00")
			}
		}, malformed},
		{"qcow2 absurd size", qcow2Words, diskimage.Qcow2, func(b []byte) { big.PutUint64(b[24:], 1<<62+1) }, malformed},
		{"qcow2 version 4", qcow2Words, diskimage.Qcow2, func(b []byte) { b[7] = 4 }, malformed},

		{"two extents", vmdkWords, diskimage.Vmdk, func(b []byte) {
			replace(b, "# The Disk Data Base", `RW 8 SPARSE "/etc/x"`)
		}, foreign},
		{"flat extent", vmdkWords, diskimage.Vmdk, func(b []byte) { replace(b, ` SPARSE "`, ` FLAT   "`) }, foreign},
		{
			"parent content ID", vmdkWords, diskimage.Vmdk,
			func(b []byte) { replace(b, "parentCID=ffffffff", "parentCID=fffffffa") }, foreign,
		},
		{"parent in a comment", vmdkWords, diskimage.Vmdk, func(b []byte) {
			replace(b, "ddb.virtualHWVersion = \"4\"", "#parentFileNameHint=\"/e/x\"")
		}, foreign},
		{
			"other type", vmdkWords, diskimage.Vmdk, func(b []byte) { replace(b, "monolithicSparse", "monolithicOthers") },
			foreign,
		},
		{"no type", vmdkWords, diskimage.Vmdk, func(b []byte) { replace(b, "createType", "########t=") }, malformed},
		{"no extent", vmdkWords, diskimage.Vmdk, func(b []byte) { replace(b, "RW ", "## ") }, malformed},
		{"no descriptor", vmdkWords, diskimage.Vmdk, func(b []byte) { little.PutUint64(b[28:], 0) }, malformed},
		{"huge descriptor", vmdkWords, diskimage.Vmdk, func(b []byte) { little.PutUint64(b[36:], 1<<55) }, malformed},
		{"descriptor far away", vmdkWords, diskimage.Vmdk, func(b []byte) { little.PutUint64(b[28:], 1<<55+1) }, malformed},
		{"no capacity", vmdkWords, diskimage.Vmdk, func(b []byte) { little.PutUint64(b[12:], 0) }, malformed},
		{"capacity overflows", vmdkWords, diskimage.Vmdk, func(b []byte) { little.PutUint64(b[12:], 1<<55+1) }, malformed},
		{
			"footer missing", vmdkWords, diskimage.Vmdk, func(b []byte) { little.PutUint64(b[56:], math.MaxUint64) }, malformed,
		},
		{"no vmdk", vmdkWords, diskimage.Vmdk, func(b []byte) { b[0] = 'X' }, malformed},

		{"differencing vdi", vdiWords, diskimage.Vdi, func(b []byte) { b[0x4c] = 4 }, foreign},
		{"undo vdi", vdiWords, diskimage.Vdi, func(b []byte) { b[0x4c] = 3 }, foreign},
		{"vdi of unknown type", vdiWords, diskimage.Vdi, func(b []byte) { b[0x4c] = 5 }, malformed},
		{"vdi link UUID", vdiWords, diskimage.Vdi, func(b []byte) { b[0x1a8] = 1 }, foreign},
		{"vdi parent UUID", vdiWords, diskimage.Vdi, func(b []byte) { b[0x1c7] = 1 }, foreign},
		{"vdi version", vdiWords, diskimage.Vdi, func(b []byte) { b[0x44] = 0 }, malformed},
		{"vdi negative size", vdiWords, diskimage.Vdi, func(b []byte) { b[0x177] = 0x80 }, malformed},

		{"differencing vhd", vhdWords, diskimage.Vhd, func(b []byte) { b[63], b[len(b)-512+63] = 4, 4 }, foreign},
		{"vhd of unknown type", vhdFixed, diskimage.Vhd, func(b []byte) { b[len(b)-512+63] = 5 }, malformed},
		{"vhd type by one footer", vhdWords, diskimage.Vhd, func(b []byte) { b[63] = 4 }, malformed},
		{"vhd size by one footer", vhdWords, diskimage.Vhd, func(b []byte) { b[len(b)-512+51] = 1 }, malformed},
		{"vhd negative size", vhdFixed, diskimage.Vhd, func(b []byte) { b[len(b)-512+48] = 0x80 }, malformed},
		{"no vhd footer", vhdFixed, diskimage.Vhd, func(b []byte) { b[len(b)-512] = 'X' }, malformed},

		{
			"differencing vhdx", vhdxWords, diskimage.Vhdx,
			func(b []byte) { _, item := itemOf(b, "\x37\x67\xa1\xca"); item[4] |= 2 }, foreign,
		},
		{"vhdx parent locator", vhdxWords, diskimage.Vhdx, func(b []byte) {
			entry, _ := itemOf(b, "\xab\x12\xca\xbe") // the page 83 data
			copy(entry, "\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c")
		}, foreign},
		{"vhdx item twice", vhdxWords, diskimage.Vhdx, func(b []byte) {
			entry, _ := itemOf(b, "\xab\x12\xca\xbe")
			first, _ := itemOf(b, "\x37\x67\xa1\xca")
			copy(entry, first)
		}, malformed},
		{"vhdx item far away", vhdxWords, diskimage.Vhdx, func(b []byte) {
			entry, _ := itemOf(b, "\x24\x42\xa5\x2f")
			little.PutUint32(entry[16:], math.MaxUint32)
		}, malformed},
		{"vhdx item too long", vhdxWords, diskimage.Vhdx, func(b []byte) {
			entry, _ := itemOf(b, "\x24\x42\xa5\x2f")
			little.PutUint32(entry[20:], math.MaxUint32)
		}, malformed},
		{
			"vhdx item missing", vhdxWords, diskimage.Vhdx,
			func(b []byte) { entry, _ := itemOf(b, "\x24\x42\xa5\x2f"); entry[0]++ }, malformed,
		},
		{
			"vhdx absurd size", vhdxWords, diskimage.Vhdx,
			func(b []byte) { _, item := itemOf(b, "\x24\x42\xa5\x2f"); item[7] = 0xff }, malformed,
		},
		{"vhdx regions disagree", vhdxWords, diskimage.Vhdx, func(b []byte) { b[regions+0x30+18]++ }, malformed},
		{
			"vhdx many regions", vhdxWords, diskimage.Vhdx, func(b []byte) { little.PutUint32(b[regions+8:], math.MaxUint32) },
			malformed,
		},
		{"vhdx no metadata region", vhdxWords, diskimage.Vhdx, func(b []byte) { b[regions+0x30]++ }, malformed},
		{"vhdx metadata far away", vhdxWords, diskimage.Vhdx, func(b []byte) { b[regions+0x30+23] = 0xff }, malformed},
		{"vhdx no metadata table", vhdxWords, diskimage.Vhdx, func(b []byte) { b[metadata] = 'X' }, malformed},
		{
			"vhdx log", vhdxWords, diskimage.Vhdx, func(b []byte) { patchVhdxHeaders(b, func(h []byte) { h[63] = 1 }) },
			malformed,
		},
		{
			"vhdx without a valid header", vhdxWords, diskimage.Vhdx, func(b []byte) { b[64<<10+100]++; b[128<<10+100]++ },
			malformed,
		},
		{"vhdx with one valid header", vhdxWords, diskimage.Vhdx, func(b []byte) { b[64<<10+63]++ }, nil},
		{"no vhdx", vhdxWords, diskimage.Vhdx, func(b []byte) { b[0] = 'X' }, malformed},
	}
	images := map[string][]byte{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if images[test.words] == nil {
				images[test.words] = readFile(t, qemuImage(t, test.words))
			}
			b := bytes.Clone(images[test.words])
			test.patch(b)
			size, err := diskimage.CheckSelfContained(bytes.NewReader(b), int64(len(b)), test.format)
			if !errors.Is(err, test.want) || (err != nil && size != 0) {
				t.Errorf("CheckSelfContained gave %d, %v, want %v", size, err, test.want)
			}
		})
	}
}

// TestVmdkFooter reads an image whose header is only complete at the end, as
// VMware streams it. qemu-img confirms that the test image is a true one.
func TestVmdkFooter(t *testing.T) {
	peers.Need(t, "qemu-img")
	path := qemuImage(t, "-f vmdk -o subformat=streamOptimized disk.image 4M")
	b := readFile(t, path)
	marker := make([]byte, 512)
	little.PutUint64(marker, 1)
	little.PutUint32(marker[12:], 3)
	header := bytes.Clone(b[:512])
	little.PutUint64(b[56:], math.MaxUint64)
	b = append(append(append(b, marker...), header...), make([]byte, 512)...)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := diskimage.CheckSelfContained(bytes.NewReader(b), int64(len(b)), diskimage.Vmdk)
	if want := qemuVirtualSize(t, path, "vmdk"); err != nil || got != want {
		t.Errorf("CheckSelfContained gave %d, %v, qemu-img info %d", got, err, want)
	}

	b[len(b)-1024+12]++
	_, err = diskimage.CheckSelfContained(bytes.NewReader(b), int64(len(b)), diskimage.Vmdk)
	if !errors.Is(err, diskimage.ErrMalformed) {
		t.Errorf("CheckSelfContained gave %v for another capacity in the footer, want ErrMalformed", err)
	}
}

// TestVmdkTwoDescriptors hides a parent where QEMU looks for it, behind a
// header that leads to an innocent descriptor.
func TestVmdkTwoDescriptors(t *testing.T) {
	peers.Need(t, "qemu-img")
	path := qemuImage(t, "-f vmdk -b base.vmdk -F vmdk disk.image")
	b := readFile(t, path)
	innocent := readFile(t, filepath.Join(filepath.Dir(path), "base.vmdk"))[512:][:20*512]
	little.PutUint64(b[28:], uint64(len(b)/512))
	b = append(b, innocent...)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, filepath.Dir(path), "qemu-img", "info", "-f", "vmdk", path); !strings.Contains(string(out),
		"backing file: base.vmdk") {
		t.Fatalf("qemu-img does not see the hidden parent:\n%s", out)
	}
	_, err := diskimage.CheckSelfContained(bytes.NewReader(b), int64(len(b)), diskimage.Vmdk)
	if !errors.Is(err, diskimage.ErrForeign) || !strings.Contains(err.Error(), `"base.vmdk"`) {
		t.Errorf("CheckSelfContained gave %v, want ErrForeign naming base.vmdk", err)
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
