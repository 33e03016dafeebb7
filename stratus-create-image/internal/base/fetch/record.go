package fetch

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/stratuslab/stratus/lib/cache"
)

// note writes the record of the download.
func (d *download) note(r cache.Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := createNew(d.item.Record)
	if err != nil {
		return keeping(err)
	}
	_, err = f.Write(text)
	return keeping(errors.Join(err, f.Close()))
}

// createNew creates a file in place of what has its name. It does not follow a
// link.
func createNew(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// FileSHA256 returns the SHA-256 of the file that the image was downloaded as, or
// nil if the record is not about the image with the given SHA-256.
func (i *Item) FileSHA256(image []byte) []byte {
	if r := cache.ReadRecord(i.Record); r.Image != nil && string(r.Image) == string(image) {
		return r.File
	}
	return nil
}

// partBefore looks for what an earlier download left of the file at the location,
// and returns its size in bytes and its version.
func (d *download) partBefore() (size int64, version string) {
	r := cache.ReadRecord(d.item.Record)
	info, err := os.Lstat(d.item.Part)
	if err != nil || !info.Mode().IsRegular() || r.Location != d.location {
		return 0, ""
	}
	return info.Size(), r.Version
}
