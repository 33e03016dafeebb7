package contextualize

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/seed"
	"github.com/stratuslab/stratus/stratus-create-image/internal/userdata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/volume"
)

// Context is what a machine is told.
type Context struct {
	// Seed lets a build in, with keys of its own. It is nil for a context that
	// is handed to a cloud.
	Seed      *seed.Seed
	Keys      []string // more public keys to let in, as lines of authorized_keys
	UserData  *userdata.Data
	Variables []Variable
	Card      *Card // nil where whoever starts the machine tells it about the network
}

// Card is the machine's network card, with the address that it gets by DHCP.
type Card struct{ MAC, IP, Mask, Network, Gateway, DNS string }

// Disk is a small disk that is attached to the machine, an ISO 9660 image.
type Disk struct {
	Label string
	Files []volume.File
}

// Write writes the disk's image.
func (d *Disk) Write(w io.Writer) error { return volume.Write(w, d.Label, d.Files) }

// Disks makes the disks of a scheme. The notes say what will not reach the
// machine.
func (c *Context) Disks(scheme Scheme) (disks []Disk, notes []string, err error) {
	var parts []Scheme
	switch scheme {
	case None:
	case Auto:
		// Where cloud-init is in the image it takes the first that it looks for,
		// and the others say the same. StratusLab's disk has HEPiX's scripts.
		parts = []Scheme{NoCloud, ConfigDrive, OpenNebula, StratusLab}
	case CloudInit:
		parts = []Scheme{NoCloud, ConfigDrive}
	default:
		parts = []Scheme{scheme}
	}
	for _, part := range parts {
		disk, err := c.disk(part, scheme == Auto)
		switch {
		case err == nil:
			disks = append(disks, disk)
		case scheme == Auto && part == OpenNebula: // alone in having a limit
			notes = append(notes, fmt.Sprintf("there is no context for OpenNebula: %v", err))
		default:
			return nil, nil, err
		}
	}
	if _, others := userdata.Scripts(c.parts()); len(others) > 0 && (scheme == StratusLab || scheme == HEPiX) {
		notes = append(notes, fmt.Sprintf("the context %s can run scripts only, and leaves out %s", scheme, strings.Join(others, ", ")))
	}
	return disks, notes, nil
}

// disk makes the disk of one scheme. With shared, other disks tell the machine
// the same.
func (c *Context) disk(scheme Scheme, shared bool) (d Disk, err error) {
	switch scheme {
	case NoCloud:
		d.Label = "cidata"
		d.Files, err = c.noCloud()
	case ConfigDrive:
		d.Label = "config-2"
		d.Files, err = c.configDrive()
	case OpenNebula:
		d.Label = "CONTEXT"
		d.Files, err = c.openNebula()
	case StratusLab, HEPiX:
		d.Label = "_STRATUSLAB"
		d.Files, err = c.stratusLab(scheme, shared)
	default:
		err = fmt.Errorf("no machine can be started with it")
	}
	if err != nil {
		return Disk{}, fmt.Errorf("making the context %q: %w", scheme, err)
	}
	return d, nil
}

// keys are all keys to let in.
func (c *Context) keys() []string {
	var keys []string
	if c.Seed != nil {
		keys = append(keys, c.Seed.LoginKey())
	}
	return append(keys, c.otherKeys()...)
}

// otherKeys are those that are not a build's own.
func (c *Context) otherKeys() []string {
	keys := append([]string(nil), c.Keys...)
	if c.UserData != nil {
		keys = append(keys, c.UserData.Keys...)
	}
	return keys
}

// parts are the user's own parts of the user data.
func (c *Context) parts() []userdata.Part {
	if c.UserData == nil {
		return nil
	}
	return c.UserData.Parts
}

// document is the user data for cloud-init. A build's own part comes last: of
// two that set the same thing, cloud-init takes the later.
func (c *Context) document() ([]byte, error) {
	parts := c.parts()
	if c.Seed != nil {
		_, others := userdata.Scripts(parts) // scripts do not say which users there are
		config, err := c.Seed.CloudConfig(c.otherKeys(), len(others) > 0)
		if err != nil {
			return nil, err
		}
		parts = append(parts[:len(parts):len(parts)], userdata.Part{Name: "stratus.cfg", Content: config})
	}
	return userdata.Document(parts)
}

// instance is an identity, in the form of a UUID, that is another as soon as
// anything in the context is.
func (c *Context) instance(document []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", document, c.keys(), c.Variables)
	id := h.Sum(nil)
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
