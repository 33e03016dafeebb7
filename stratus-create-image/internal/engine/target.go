package engine

import (
	"cmp"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// Target is an image file to write.
type Target struct {
	Path        string
	Format      diskimage.Format
	Compression diskimage.Compression
	// Clusters is how the clusters of a qcow2 image are compressed. It does not
	// count for one that is compressed as a whole, which grows by it.
	Clusters Clusters
	// Pack writes the appliance around the disk in the named file, a VMDK that can
	// be read in one pass. The format Ova needs it.
	Pack func(ctx context.Context, w io.Writer, disk string) error
}

// Form returns the target's format and compression for people.
func (t *Target) Form() string {
	form := strings.TrimSpace(string(t.Format) + " " + string(t.Compression))
	if c := t.Compressed(); c != PlainClusters {
		form += ", compressed with " + string(c)
	}
	return form
}

// Compressed returns how the clusters of the target are compressed.
func (t *Target) Compressed() Clusters {
	if t.Format != diskimage.Qcow2 || t.Compression != diskimage.None || t.Clusters == "" {
		return PlainClusters
	}
	return t.Clusters
}

// Clusters is how the clusters of a qcow2 image are compressed.
type Clusters string

// The compressions of --qcow2-compression. QEMU reads zstd from version 5.1 on.
const (
	PlainClusters Clusters = "none"
	ZlibClusters  Clusters = "zlib"
	ZstdClusters  Clusters = "zstd"
)

// ParseClusters reads the name of a compression of clusters.
func ParseClusters(name string) (Clusters, error) {
	switch c := Clusters(name); c {
	case PlainClusters, ZlibClusters, ZstdClusters:
		return c, nil
	}
	return "", errors.New("not supported; want none, zlib or zstd")
}

// formats are the disk formats by file extension.
var formats = map[string]diskimage.Format{
	".qcow2": diskimage.Qcow2, ".raw": diskimage.Raw, ".img": diskimage.Raw,
	".vmdk": diskimage.Vmdk, ".vdi": diskimage.Vdi, ".vhd": diskimage.Vhd, ".vhdx": diskimage.Vhdx,
	".ova": diskimage.Ova,
}

// compressions are the compressions by file extension.
var compressions = map[string]diskimage.Compression{
	".gz": diskimage.Gzip, ".bz2": diskimage.Bzip2, ".xz": diskimage.Xz, ".zst": diskimage.Zstd,
}

// ParseFormat reads the name of the format of a target. An empty one names none.
func ParseFormat(name string) (diskimage.Format, error) {
	format, ok := formats["."+strings.ToLower(name)]
	if !ok && name != "" {
		return "", errors.New("not supported; want qcow2, raw, img, vmdk, vdi, vhd, vhdx or ova")
	}
	return format, nil
}

// ParseTarget returns the target that an output file's name stands for. A format
// that is not empty has precedence over the extension. The compression is always
// by extension.
func ParseTarget(path string, format diskimage.Format) (*Target, error) {
	t := &Target{Path: path}
	name := strings.ToLower(filepath.Base(path))
	if kind, ok := compressions[filepath.Ext(name)]; ok {
		t.Compression = kind
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	t.Format = cmp.Or(format, formats[filepath.Ext(name)])
	if t.Format == "" {
		return nil, errors.New("extension not supported; want .qcow2, .raw, .img, .vmdk, .vdi, .vhd, .vhdx or .ova, then .gz, .bz2, .xz or .zst to compress it")
	}
	return t, nil
}
