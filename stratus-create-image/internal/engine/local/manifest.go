package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"

	"github.com/stratuslab/stratus/lib/files"
)

// snapshotFormat is the version of the form of snapshots. Identity has it, too.
const snapshotFormat = 1

// Names of the files of a snapshot. Those of its overlays, from the bottom, are
// diskName with an ending, and those of its context are as in a machine's directory.
const (
	manifestFile = "manifest.json"
	ramFile      = "ram"
	stateFile    = "state"
)

// maxManifest bounds a manifest, in bytes.
const maxManifest = 64 << 20

// manifest describes a snapshot. Its file is the CRC-32C of the rest in 8 hexadecimal
// digits and a new line, then JSON.
type manifest struct {
	Format   int
	Identity string
	Bus      Bus
	UEFI     bool
	Overlays []string // names of files, from the bottom
	Seeds    []string // names of files, in their order
	Files    map[string]check
	Note     []byte
}

// check is what the content of a file is checked by, as files.CopyData returns it.
type check struct {
	Size, Data int64  // bytes, with and without zeros
	CRC        uint32 // CRC-32C
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// copyChecked copies a file, as files.CopyData does, and returns what its content can be
// checked by. dst may be nil.
func copyChecked(ctx context.Context, dst, src *os.File) (check, error) {
	sum := crc32.New(castagnoli)
	info, err := src.Stat()
	if err != nil {
		return check{}, err
	}
	data, err := files.CopyData(ctx, dst, src, sum)
	return check{info.Size(), data, sum.Sum32()}, err
}

// copyFile copies a file to a new one, or reads it where to is empty.
func copyFile(ctx context.Context, to, from string) (got check, err error) {
	src, err := files.OpenRegular(from, os.O_RDONLY, false)
	if err != nil {
		return check{}, err
	}
	defer src.Close()
	if to == "" {
		return copyChecked(ctx, nil, src)
	}
	dst, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return check{}, err
	}
	got, err = copyChecked(ctx, dst, src)
	return got, errors.Join(err, dst.Close())
}

// errDamaged reports a snapshot that is not as it was made.
var errDamaged = errors.New("the snapshot is damaged")

// verify reports whether a file's content is what the snapshot was made with.
func (m *manifest) verify(name string, got check) error {
	if want, ok := m.Files[name]; !ok || want != got {
		return fmt.Errorf("%w: the file %q is not what it was", errDamaged, name)
	}
	return nil
}

// writeManifest writes the manifest of a snapshot to its directory.
func writeManifest(dir string, m *manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	head := fmt.Sprintf("%08x\n", crc32.Checksum(text, castagnoli))
	return os.WriteFile(filepath.Join(dir, manifestFile), append([]byte(head), text...), 0o600)
}

// readManifest reads the manifest of a snapshot from its directory.
func readManifest(dir string) (*manifest, error) {
	f, err := files.OpenRegular(filepath.Join(dir, manifestFile), os.O_RDONLY, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := files.ReadAll(f, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("%w: reading its manifest: %w", errDamaged, err)
	}
	head, text, _ := bytes.Cut(text, []byte("\n"))
	sum, err := strconv.ParseUint(string(head), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(text, castagnoli) {
		return nil, fmt.Errorf("%w: its manifest is not what it was", errDamaged)
	}
	m := new(manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%w: reading its manifest: %w", errDamaged, err)
	}
	if m.Format != snapshotFormat {
		return nil, fmt.Errorf("%w: it has the format %d; want %d", errDamaged, m.Format, snapshotFormat)
	}
	for _, name := range append(append([]string(nil), m.Overlays...), m.Seeds...) {
		if filepath.Base(name) != name {
			return nil, fmt.Errorf("%w: %q is not the name of a file", errDamaged, name)
		}
	}
	return m, nil
}
