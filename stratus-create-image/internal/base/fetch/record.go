package fetch

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/stratuslab/stratus/lib/files"
)

// maxRecord is the length of the longest record that is read, in bytes.
const maxRecord = 64 << 10

// record says where a part of an image comes from and, once the download is
// complete, what it is.
type record struct {
	Location string `json:"location"`
	Version  string `json:"version,omitempty"` // of the file there
	File     []byte `json:"file,omitempty"`    // SHA-256 of the file as it came
	Image    []byte `json:"image,omitempty"`   // SHA-256 of the image in it
}

// note writes the record of the download.
func (d *download) note(r record) error {
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

// readRecord reads a record. One that cannot be read is empty.
func readRecord(path string) (r record) {
	f, err := files.OpenRegular(path, os.O_RDONLY, false)
	if err != nil {
		return record{}
	}
	defer f.Close()
	text, err := files.ReadAll(f, maxRecord)
	if err != nil || json.Unmarshal(text, &r) != nil {
		return record{}
	}
	return r
}

// FileSHA256 returns the SHA-256 of the file that the image was downloaded as, or
// nil if the record is not about the image with the given SHA-256.
func (i *Item) FileSHA256(image []byte) []byte {
	if r := readRecord(i.Record); r.Image != nil && string(r.Image) == string(image) {
		return r.File
	}
	return nil
}

// partBefore looks for what an earlier download left of the file at the location,
// and returns its size in bytes and its version.
func (d *download) partBefore() (size int64, version string) {
	r := readRecord(d.item.Record)
	info, err := os.Lstat(d.item.Part)
	if err != nil || !info.Mode().IsRegular() || r.Location != d.location {
		return 0, ""
	}
	return info.Size(), r.Version
}
