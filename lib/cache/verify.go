package cache

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/files"
)

// Verify reads an image or a snapshot, and compares it with what its name, its record or
// its manifest says of it. A part of an image has nothing to compare. The error wraps
// ErrDamaged if it differs, ErrInUse if it is being made, and fs.ErrNotExist if it was
// removed meanwhile.
func (e *Entry) Verify(ctx context.Context) error {
	switch e.Kind {
	case Image:
		return e.verifyImage(ctx)
	case Snapshot:
		return e.verifySnapshot(ctx)
	}
	return nil
}

func (e *Entry) verifyImage(ctx context.Context) error {
	if _, err := os.Lstat(e.Path); err != nil {
		return err
	}
	lock, err := tryLock(e.Path+LockEnding, unix.LOCK_SH)
	if err != nil {
		return err
	}
	if lock == nil {
		return ErrInUse
	}
	defer lock.Close()
	f, err := files.OpenRegular(e.Path, os.O_RDONLY, false)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := digest.Raw(ctx, f)
	if err != nil {
		return err
	}
	record := ReadRecord(e.Path + RecordEnding)
	if record.Image != nil && !bytes.Equal(record.Image, got.SHA256) {
		return fmt.Errorf("%w: its SHA-256 is %x, want %x", ErrDamaged, got.SHA256, record.Image)
	}
	algorithm, digits, _ := strings.Cut(strings.TrimPrefix(e.Name, "file-"), "-")
	want, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("reading the digest in %q: %w", e.Name, err)
	}
	candidates := [][]byte{map[string][]byte{"sha1": got.SHA1, "sha256": got.SHA256, "sha512": got.SHA512}[algorithm]}
	if strings.HasPrefix(e.Name, "file-") {
		candidates = append(candidates, record.File) // of the file that the image came in
	}
	for _, c := range candidates {
		if bytes.Equal(c, want) {
			return nil
		}
	}
	return fmt.Errorf("%w: its %s is %x, want %x", ErrDamaged, algorithm, candidates[0], want)
}

func (e *Entry) verifySnapshot(ctx context.Context) error {
	lock, err := LockDir(e.Path, unix.LOCK_SH)
	if err != nil {
		return err
	}
	defer lock.Close()
	var manifest struct{ Files Sums }
	if err := ReadManifest(e.Path, &manifest); err != nil {
		return damaged(err)
	}
	for name := range manifest.Files {
		if name == "" || strings.Contains(name, "/") {
			return fmt.Errorf("%w: %q is not the name of a file", ErrDamaged, name)
		}
		got, err := CopyFile(ctx, "", e.Path+"/"+name)
		if err != nil {
			return damaged(err)
		}
		if err := manifest.Files.Check(name, got); err != nil {
			return err
		}
	}
	return nil
}

// damaged says of a file that is missing that the snapshot, which is locked, is damaged.
func damaged(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %v", ErrDamaged, err) //nolint:errorlint // it is there, but not whole
	}
	return err
}
