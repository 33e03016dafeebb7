// Package contextualize tells a new machine who may log in to it and what to
// do, in the ways that images know: small disks for cloud-init, OpenNebula,
// StratusLab and HEPiX. It must not know what starts the machine, and runs
// nothing itself.
package contextualize

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/report"
)

// Scheme is a way in which a machine gets its context.
type Scheme string

// The schemes of --context.
const (
	Auto        Scheme = "auto"          // all schemes that do not conflict
	CloudInit   Scheme = "cloud-init"    // NoCloud and ConfigDrive
	NoCloud     Scheme = "nocloud"       // cloud-init's own disk, cidata
	ConfigDrive Scheme = "config-drive"  // OpenStack's disk, config-2, version 2
	OpenNebula  Scheme = "opennebula"    // the disk CONTEXT
	StratusLab  Scheme = "stratuslab"    // the disk _STRATUSLAB with init.sh
	HEPiX       Scheme = "hepix"         // the same disk with prolog.sh and epilog.sh
	None        Scheme = "none"          // no disk
	CloudInitV1 Scheme = "cloud-init-v1" // the original's cloud-init.txt, which no machine reads
)

// ParseScheme parses the name of a scheme with which a machine can be started.
func ParseScheme(name string) (Scheme, error) {
	return report.OneOf(Auto, CloudInit, NoCloud, ConfigDrive, OpenNebula, StratusLab, HEPiX, None)(name)
}

// ParsePrintable parses the name of a scheme that has files to print.
func ParsePrintable(name string) (Scheme, error) {
	return report.OneOf(Auto, CloudInit, NoCloud, ConfigDrive, OpenNebula, StratusLab, HEPiX, CloudInitV1)(name)
}

// Context is what a machine is told.
type Context struct {
	// Seed has the keys with which a build logs in. It is nil for a context that
	// is handed to a cloud.
	Seed      *Seed
	Keys      []string // more public keys to let in, as lines of authorized_keys
	UserData  UserData
	Variables []Variable
	Card      *Card // nil where the cloud describes the network
}

// Card is the machine's network card with the IPv4 address that it gets by DHCP.
type Card struct{ MAC, IP, Mask, Network, Gateway, DNS string }

// Disk is a small disk that is attached to the machine, an ISO 9660 image.
type Disk struct {
	Label string
	Files []File
}

// Write writes the disk's image.
func (d *Disk) Write(w io.Writer) error { return writeVolume(w, d.Label, d.Files) }

// Disks makes the disks of a scheme. The notes, one line each, say what looks
// wrong and what does not reach the machine. A context for None that is not empty
// is an error of kind report.Usage; other errors are of kind report.BadInput.
func (c *Context) Disks(scheme Scheme) (disks []Disk, notes []string, err error) {
	notes = slices.Clone(c.UserData.Warnings)
	var parts []Scheme
	switch scheme {
	case None:
		if len(c.UserData.Parts)+len(c.otherKeys())+len(c.Variables) > 0 {
			return nil, nil, report.Usagef("a machine without a context (--context none) gets neither keys, user data nor variables")
		}
	case Auto:
		// cloud-init takes the first disk that it finds, and the others hold the
		// same. StratusLab's disk has HEPiX's scripts.
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
			notes = append(notes, fmt.Sprintf("no context for OpenNebula: %v", err))
		default:
			return nil, nil, err
		}
	}
	if _, others := splitScripts(c.UserData.Parts); len(others) > 0 && (scheme == StratusLab || scheme == HEPiX) {
		notes = append(notes, fmt.Sprintf("the context %q runs scripts only and leaves out %s", scheme, strings.Join(others, ", ")))
	}
	return disks, notes, nil
}

// disk makes the disk of one scheme. With shared, other disks hold the same
// context.
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
		err = errors.New("no machine can be started with it")
	}
	if err != nil {
		return Disk{}, report.BadInputf("making the context %q: %w", scheme, err)
	}
	return d, nil
}

// keys returns all keys to let in.
func (c *Context) keys() []string {
	var keys []string
	if c.Seed != nil {
		keys = append(keys, c.Seed.LoginKey())
	}
	return append(keys, c.otherKeys()...)
}

// otherKeys returns the keys that are not the build's own.
func (c *Context) otherKeys() []string { return slices.Concat(c.Keys, c.UserData.Keys) }

// document returns the user data for cloud-init, nil for none. The build's own
// part comes last: where two parts set the same thing, cloud-init takes the later.
func (c *Context) document() ([]byte, error) {
	parts := c.UserData.Parts
	if c.Seed != nil {
		_, others := splitScripts(parts) // scripts do not say which users there are
		config, err := c.Seed.cloudConfig(c.otherKeys(), len(others) > 0)
		if err != nil {
			return nil, err
		}
		parts = append(parts[:len(parts):len(parts)], Part{Name: "stratus.cfg", Content: config})
	}
	return joinParts(parts)
}

// instance returns an identity in the form of a UUID. It differs as soon as
// anything in the context differs.
func (c *Context) instance(document []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", document, c.keys(), c.Variables)
	id := h.Sum(nil)
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
