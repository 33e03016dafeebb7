package diskimage_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
)

// countingReader counts the bytes that are asked of it.
type countingReader struct {
	*bytes.Reader
	asked int
}

func (r *countingReader) ReadAt(p []byte, offset int64) (int, error) {
	r.asked += len(p)
	return r.Reader.ReadAt(p, offset)
}

// smallVhdx moves the metadata of a VHDX by qemu-img forward, for a seed that
// is not mostly holes.
func smallVhdx(b []byte) []byte {
	const end = 320 << 10
	small := bytes.Clone(b[:end])
	for _, table := range []int{regions, regions + 64<<10} {
		binary.LittleEndian.PutUint64(small[table+0x30+16:], end)
	}
	return append(small, b[metadata:metadata+(80<<10)]...)
}

// FuzzImage writes a patch over one of several real images and cuts it short.
// Inputs stay small that way, although the headers are far apart.
func FuzzImage(f *testing.F) {
	peers.Need(f, "qemu-img")
	var images [][]byte
	for _, words := range []string{
		"-f vdi disk.image 1M", "-f vpc disk.image 1M", "-f vmdk disk.image 1M", "-f vmdk -o subformat=monolithicFlat disk.image 1M",
		"-f vmdk -b base.vmdk -F vmdk disk.image", "-f qcow2 -o cluster_size=512 disk.image 1M",
		"-f qcow2 -o cluster_size=512,data_file=data.raw disk.image 1M", "-f qcow2 -o cluster_size=512 -b base.qcow2 -F qcow2 " +
			"disk.image",
	} {
		images = append(images, readFile(f, qemuImage(f, words)))
	}
	small := smallVhdx(readFile(f, qemuImage(f, "-f vhdx disk.image 1M")))
	if size, err := diskimage.CheckSelfContained(bytes.NewReader(small), int64(len(small)), diskimage.Vhdx); err != nil ||
		size != 1<<20 {
		f.Fatalf("the small VHDX holds %d bytes, %v, want %d", size, err, 1<<20)
	}
	images = append(images, small)
	for n, b := range images {
		for _, at := range []int{0, 4, 12, 28, 36, 56, 72, 0x4c, 0x170, 0x1a8, 512, 640, len(b) - 512} {
			f.Add(uint8(n), uint32(at), []byte("\xff\xff\xff\xff"), uint32(len(b)))
		}
	}
	for _, at := range []int{64<<10 + 48, regions + 8, regions + 0x30, regions + 0x40, 320<<10 + 10, 320<<10 + 32, 320<<10 +
		48, 384 << 10} {
		f.Add(uint8(len(images)-1), uint32(at), []byte("\xff\xff\xff\xff"), uint32(len(small)))
	}
	f.Fuzz(func(t *testing.T, n uint8, at uint32, patch []byte, end uint32) {
		b := bytes.Clone(images[int(n)%len(images)])
		copy(b[int(at)%len(b):], patch)
		checkImage(t, b[:min(len(b), int(end))])
	})
}

// checkImage asks everything of an image, taken for each format in turn.
func checkImage(t *testing.T, b []byte) {
	detected, err := diskimage.DetectFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if got := sniff(t, b, 4099); got != detected {
		t.Errorf("sniffed %q, DetectFile gave %q", got, detected)
	}
	for _, format := range []diskimage.Format{diskimage.Qcow2, diskimage.Vmdk, diskimage.Vdi, diskimage.Vhd, diskimage.Vhdx} {
		r := &countingReader{Reader: bytes.NewReader(b)}
		size, err := diskimage.CheckSelfContained(r, int64(len(b)), format)
		checkError(t, err)
		if size < 0 || size > 1<<62 {
			t.Errorf("disk of %d bytes", size)
		}
		if r.asked > 4<<20 {
			t.Errorf("%s: %d bytes read", format, r.asked)
		}
	}
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, diskimage.ErrForeign) && !errors.Is(err, diskimage.ErrMalformed) {
		t.Errorf("%v wraps neither ErrForeign nor ErrMalformed", err)
	}
	if err != nil && len(err.Error()) > 8<<10 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}
