package notify

import (
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/files"
)

// keep writes a mail beside the image, readable for the user alone, and returns
// its path. It does not replace the mail of an earlier build: the name of this
// one then contains the time.
func keep(image string, ended time.Time, message []byte) (string, error) {
	path := image + ".eml"
	if _, err := os.Lstat(path); err == nil {
		path = image + "." + ended.UTC().Format("20060102T150405.000000000Z") + ".eml"
	}
	p, err := files.CreatePending(path, false)
	if err != nil {
		return "", err
	}
	defer p.Discard()
	if err := p.File.Chmod(0o600); err != nil {
		return "", fmt.Errorf("creating %q: %w", path, err)
	}
	if _, err := p.File.Write(message); err != nil {
		return "", fmt.Errorf("writing %q: %w", path, err)
	}
	return path, p.Commit()
}
