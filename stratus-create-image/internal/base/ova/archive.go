package ova

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxMembers bounds the entries of an archive: a disk, and descriptions of the
// appliance in several languages.
const maxMembers = 256

// archive reads the members of a tar archive in one pass.
func (i *intake) archive(f *os.File) error {
	archive := tar.NewReader(f)
	for count := 0; ; count++ {
		header, err := archive.Next()
		switch {
		case err == io.EOF:
			return i.complete()
		case err != nil && !errors.Is(err, tar.ErrInsecurePath): // checkName has a better message
			return i.reading("tar archive", err)
		case count == maxMembers:
			return unusable("at most %d entries in the archive", maxMembers)
		case header.Typeflag == tar.TypeXGlobalHeader:
			continue
		}
		if err := i.entry(header, archive); err != nil {
			return err
		}
	}
}

func (i *intake) entry(header *tar.Header, archive *tar.Reader) error {
	if err := checkName(header.Name); err != nil {
		return err
	}
	if header.Typeflag != tar.TypeReg || isSparse(header) {
		return unusable("%q is not a plain file, but a tar entry of the type %q", header.Name, header.Typeflag)
	}
	if i.descriptor == nil && !strings.EqualFold(filepath.Ext(header.Name), Extension) {
		return unusable("the archive begins with %q; want a descriptor (%s)", header.Name, Extension)
	}
	if i.descriptor != nil && i.descriptor.names(header.Name) && !i.descriptor.gzip && header.Size > i.options.Limit {
		return unusable("%q has %d bytes; at most %d", header.Name, header.Size, i.options.Limit)
	}
	return i.member(header.Name, archive, nil)
}

// isSparse reports whether the tar reader would return zeros that the archive does
// not hold.
func isSparse(header *tar.Header) bool {
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// complete makes sure that the descriptor and the disk were read.
func (i *intake) complete() error {
	switch {
	case i.descriptor == nil:
		return unusable("an empty archive")
	case i.disk == "":
		return unusable("no file %.100q, which the descriptor names as the disk", i.descriptor.href)
	}
	return nil
}
