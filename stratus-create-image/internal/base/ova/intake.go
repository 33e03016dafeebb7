package ova

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
)

// intake reads the files of an appliance: the descriptor first, then the others in
// any order.
type intake struct {
	ctx        context.Context
	options    Options
	descriptor *descriptor
	file       string   // the name of the descriptor
	disk       string   // the name of the disk's file, once it was read
	content    *os.File // the open disk, once it was read
	manifest   []checksum
	listed     bool // there is a manifest
	unlisted   bool // there is certainly none
	sums       map[string]sums
	appliance  *Appliance
}

// sums are the checksums of a file, by the names that manifests use.
type sums map[string]hash.Hash

var algorithms = map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}

// sumsOf returns the checksums that are needed of a file: all while the manifest
// may yet come.
func (i *intake) sumsOf(name string) sums {
	s := sums{}
	for algorithm, make := range algorithms {
		if !i.listed && !i.unlisted || slices.ContainsFunc(i.manifest, func(c checksum) bool { return c.name == name && c.algorithm == algorithm }) {
			s[algorithm] = make()
		}
	}
	return s
}

// maxText bounds descriptors and manifests, in bytes.
const maxText = 1 << 20

// member reads one file. A disk that is in place, as an open file, is not copied.
func (i *intake) member(name string, r io.Reader, place *os.File) error {
	if err := checkName(name); err != nil {
		return err
	}
	if i.sums[name] != nil {
		return unusable("two files %q", name)
	}
	s := i.sumsOf(name)
	i.sums[name] = s
	for _, h := range s {
		r = io.TeeReader(r, h)
	}
	r = reader{i.ctx, r}
	switch extension := strings.ToLower(filepath.Ext(name)); {
	case i.descriptor == nil:
		return i.takeDescriptor(name, r)
	case i.descriptor.names(name):
		return i.takeDisk(name, r, place)
	case extension == ".ovf":
		return unusable("two descriptors, %q and %q", i.file, name)
	case extension == ".mf":
		return i.takeManifest(name, r)
	case extension == ".cert":
		i.warn("the signature in " + name + " is not verified")
	}
	return i.drain(name, r)
}

func (i *intake) warn(line string) { i.appliance.Warnings = append(i.appliance.Warnings, line) }

func (i *intake) takeDescriptor(name string, r io.Reader) error {
	text, err := i.text(name, r)
	if err != nil {
		return err
	}
	i.file = name
	i.descriptor, err = parseDescriptor(text)
	return err
}

func (i *intake) takeManifest(name string, r io.Reader) error {
	if i.listed {
		return unusable("a second manifest, %q", name)
	}
	text, err := i.text(name, r)
	if err != nil {
		return err
	}
	i.manifest, err = parseManifest(text)
	i.listed = true
	return err
}

func (i *intake) text(name string, r io.Reader) ([]byte, error) {
	text, err := files.ReadAll(r, maxText)
	if err != nil {
		return nil, i.reading(name, err)
	}
	return text, nil
}

func (i *intake) drain(name string, r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return i.reading(name, err)
	}
	return nil
}

// reading returns what an error of a file means: the error of the context is not
// about the appliance.
func (i *intake) reading(name string, err error) error {
	if i.ctx.Err() != nil {
		return context.Cause(i.ctx)
	}
	return unusable("%q: %w", name, err)
}

func (i *intake) takeDisk(name string, r io.Reader, place *os.File) (err error) {
	if i.disk != "" {
		return unusable("two files, %q and %q, for the one disk %.100q", i.disk, name, i.descriptor.href)
	}
	i.disk = name
	if place != nil && !i.descriptor.gzip {
		i.appliance.Disk, i.content = place.Name(), place
		if i.appliance.Beside, err = place.Stat(); err != nil {
			return err
		}
		if len(i.sums[name]) == 0 {
			return nil // no checksum to compare it with
		}
		return i.drain(name, io.TeeReader(r, i.options.Progress))
	}
	i.appliance.Disk = filepath.Join(i.options.Scratch, "disk")
	if i.content, err = os.OpenFile(i.appliance.Disk, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	return i.unpack(name, io.TeeReader(r, i.options.Progress))
}

// unpack writes the disk to a file. One that is not compressed has no more bytes than
// entry lets pass.
func (i *intake) unpack(name string, r io.Reader) error {
	content := r
	if i.descriptor.gzip {
		unzip, err := digest.Decompress(i.ctx, r, i.options.Limit)
		if err != nil {
			return i.reading(name, err)
		}
		defer func() { _ = unzip.Close() }()
		if unzip.Compression() != diskimage.Gzip {
			return unusable("%q is not compressed with gzip, although the descriptor says so", name)
		}
		content = unzip
	}
	w := files.NewSparse(i.content, 0)
	if _, err := io.Copy(w, readFailing{i, name, content}); err != nil {
		return err
	}
	return w.Finish()
}

// readFailing reads a file of the appliance, of which its errors are.
type readFailing struct {
	i    *intake
	name string
	r    io.Reader
}

func (r readFailing) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = r.i.reading(r.name, err)
	}
	return n, err
}

// inspect finds out from the disk's own headers whether it can be used. It reads
// the open file, whatever has its name now.
func (i *intake) inspect() error {
	a, f := i.appliance, i.content
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if a.Format, err = diskimage.DetectFile(f, info.Size()); err != nil {
		return unusable("%q: %w", i.disk, err)
	}
	if a.Format == diskimage.Raw || a.Format == diskimage.Ova || i.descriptor.vmdk && a.Format != diskimage.Vmdk {
		return unusable("%q is a %s file; the descriptor says %.100q", i.disk, a.Format, i.descriptor.format)
	}
	if a.Size, err = diskimage.CheckSelfContained(f, info.Size(), a.Format); err != nil {
		return unusable("%q: %w", i.disk, err)
	}
	a.DisksBus = i.descriptor.bus
	i.compareSize()
	return nil
}

func (i *intake) close() {
	if i.content != nil {
		_ = i.content.Close() // inspect has read it
	}
}

// reader ends with the context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}
