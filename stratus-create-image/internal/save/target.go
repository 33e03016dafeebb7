// Package save turns a stopped machine's disk into a finished image file and
// digests it. It must not know how the disk came to be, nor how the image is
// described.
package save

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/compress"
	"github.com/stratuslab/stratus/lib/diskimage"
)

// Target is what an output file's name asks for.
type Target struct {
	Path        string
	Format      diskimage.Format
	Compression compress.Kind
	// Pack makes the appliance of which this is the disk, a VMDK that can be
	// read in one pass. It is needed for the format Ova.
	Pack func(ctx context.Context, w io.Writer, disk string) error
}

// formats are the disk formats by file extension.
var formats = map[string]diskimage.Format{
	".qcow2": diskimage.Qcow2, ".raw": diskimage.Raw, ".img": diskimage.Raw,
	".vmdk": diskimage.Vmdk, ".vdi": diskimage.Vdi, ".vhd": diskimage.Vhd, ".vhdx": diskimage.Vhdx,
	".ova": diskimage.Ova,
}

// compressions are the compressions by file extension.
var compressions = map[string]compress.Kind{
	".gz": compress.Gzip, ".bz2": compress.Bzip2, ".xz": compress.Xz, ".zst": compress.Zstd,
}

// ParseTarget reads an output file's name. format, if not empty, wins over the
// extension; the compression is always by extension.
func ParseTarget(path, format string) (Target, error) {
	t := Target{Path: path}
	name := strings.ToLower(filepath.Base(path))
	if kind, ok := compressions[filepath.Ext(name)]; ok {
		t.Compression = kind
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	if format != "" {
		var ok bool
		if t.Format, ok = formats["."+strings.ToLower(format)]; !ok {
			return t, fmt.Errorf("reading the format %q: qcow2, raw, img, vmdk, vdi, vhd, vhdx and ova are allowed", format)
		}
		return t, nil
	}
	var ok bool
	if t.Format, ok = formats[filepath.Ext(name)]; !ok {
		return t, fmt.Errorf("reading the output name %q: .qcow2, .raw, .img, .vmdk, .vdi, .vhd, .vhdx or .ova is expected at its end, then .gz, .bz2, .xz or .zst if it is to be compressed", path)
	}
	return t, nil
}

// Programs are the commands that writing this target takes.
func (t Target) Programs() []string {
	switch t.Compression {
	case compress.Xz:
		return []string{"xz"}
	case compress.Bzip2:
		return []string{bzip2Program()}
	}
	return nil
}

// bzip2Program is the fastest bzip2 there is.
func bzip2Program() string {
	for _, name := range []string{"lbzip2", "pbzip2"} {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return "bzip2"
}
