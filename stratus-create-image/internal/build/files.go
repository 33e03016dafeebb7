package build

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/tool"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seed"
	"golang.org/x/crypto/ssh"
)

// readFiles reads the small files that the options name.
func (p *plan) readFiles() (err error) {
	o := p.options
	if o.UserData != "" {
		if p.userData, err = readSmall(o.UserData, seed.MaxUserData); err != nil {
			return tool.BadInputf("reading the user data: %w", err)
		}
	}
	if o.Key != "" {
		text, err := readSmall(o.Key, 64<<10)
		if err != nil {
			return tool.BadInputf("reading the public key: %w", err)
		}
		key, comment, _, _, err := ssh.ParseAuthorizedKey(text)
		if err != nil {
			return tool.WithHint(tool.BadInputf("reading the public key %q: %w", o.Key, err), "--key takes a .pub file")
		}
		line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
		p.keys = append(p.keys, strings.TrimSpace(line+" "+comment))
	}
	if o.BaseMetadata == "" {
		return nil
	}
	f, err := os.Open(o.BaseMetadata)
	if err != nil {
		return tool.BadInputf("reading the base's description: %w", err)
	}
	defer f.Close()
	if p.baseDoc, err = metadata.Parse(f); err != nil {
		return tool.BadInputf("reading the base's description %q: %w", o.BaseMetadata, err)
	}
	return nil
}

func readSmall(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%q is larger than %d bytes", path, limit)
	}
	return data, err
}
