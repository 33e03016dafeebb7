package fetch

import (
	"encoding/json"
	"os"
)

// maxRecord is the length of the longest record that is read, in bytes.
const maxRecord = 64 << 10

// record says where the part of an image came from and, once all of it was
// there, what it was.
type record struct {
	Location string `json:"location"`
	Version  string `json:"version,omitempty"` // of the file there
	File     []byte `json:"file,omitempty"`    // SHA-256 of the file as it came
	Image    []byte `json:"image,omitempty"`   // SHA-256 of the image in it
}

// note writes the record of a download.
func (d *download) note(r record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return mine(os.WriteFile(d.files.Record, text, 0o600))
}

// readRecord reads a record; one that cannot be read says nothing.
func readRecord(path string) (r record) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxRecord {
		return record{}
	}
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &r) != nil {
		return record{}
	}
	return r
}

// FileSHA256 gives the SHA-256 digest of the file that an image came in, as the
// record says, if that is about the image with the given SHA-256 digest.
func FileSHA256(recordPath string, image []byte) []byte {
	if r := readRecord(recordPath); r.Image != nil && string(r.Image) == string(image) {
		return r.File
	}
	return nil
}

// before is what an earlier download has left.
type before struct {
	record
	size int64
}

// partBefore looks for a part of the same file.
func (d *download) partBefore() before {
	r := readRecord(d.files.Record)
	info, err := os.Lstat(d.files.Part)
	if err != nil || !info.Mode().IsRegular() || r.Location != d.location {
		return before{}
	}
	return before{r, info.Size()}
}
