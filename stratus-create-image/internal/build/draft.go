package build

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// draft describes the new image. packages is the SHA-256 of the file that lists
// what is installed, or nil.
func (p *plan) draft(image diskimage.Image, from *base.Image, os guest.OS, bus string, packages []byte) ([]byte, error) {
	now, err := command.Now()
	if err != nil {
		return nil, err
	}
	o := p.options
	d := metadata.New()
	d.SetImage(image)
	for _, f := range []struct {
		term metadata.Term
		text string
	}{
		{metadata.Type, p.baseText(metadata.Type, "base")},
		{metadata.Kind, p.baseText(metadata.Kind, "machine")},
		{metadata.OS, firstOf(o.OS, os.ID)},
		{metadata.OSVersion, os.Version},
		{metadata.OSArch, os.Arch},
		{metadata.Version, p.imageVersion()},
		{metadata.Compression, string(p.target.Compression)},
		{metadata.Format, string(p.target.Format)},
		{metadata.Creator, creator(o.Author, o.AuthorEmail)},
		{metadata.Created, metadata.FormatTime(now)},
		{metadata.Valid, metadata.FormatTime(now.Add(metadata.DefaultValidity))},
		{metadata.Title, o.Title},
		{metadata.Description, o.Comment},
		{metadata.Hypervisor, p.baseText(metadata.Hypervisor, "kvm")},
		{metadata.DisksBus, bus},
		{metadata.Publisher, p.baseText(metadata.Publisher, "StratusLab")},
		{metadata.IsVersionOf, metadata.IdentifierOf(from.Sums.SHA1)},
		{metadata.Replaces, o.Replaces},
	} {
		d.SetText(f.term, f.text)
	}
	setPackages(d, packages)
	if err := d.Check(metadata.Draft); err != nil {
		return nil, fmt.Errorf("checking the new description: %w", err)
	}
	return d.Bytes()
}

// baseText is what the base's description says, if there is one.
func (p *plan) baseText(t metadata.Term, otherwise string) string {
	if p.found != nil && p.found.Description != nil && p.found.Description.Text(t) != "" {
		return p.found.Description.Text(t)
	}
	return otherwise
}

// imageVersion is the version given, else the one after the base's, else the
// first.
func (p *plan) imageVersion() string {
	if p.options.ImageVersion != "" {
		return p.options.ImageVersion
	}
	if v := p.baseText(metadata.Version, ""); v != "" {
		return nextVersion(v)
	}
	return "1.0"
}

var lastNumber = regexp.MustCompile(`^(.*?)([0-9]+)$`)

// nextVersion counts the last component up: 1.0 becomes 1.1, 2.9 becomes 2.10.
// A version that ends with no number gets one: 1.a becomes 1.a.1.
func nextVersion(version string) string {
	parts := lastNumber.FindStringSubmatch(version)
	if parts == nil {
		return version + ".1"
	}
	n, ok := new(big.Int).SetString(parts[2], 10)
	if !ok {
		return version + ".1"
	}
	next := n.Add(n, big.NewInt(1)).String()
	if zeros := len(parts[2]) - len(next); zeros > 0 {
		next = strings.Repeat("0", zeros) + next
	}
	return parts[1] + next
}

func creator(author, email string) string {
	if author != "" && email != "" {
		return author + " <" + email + ">"
	}
	return author + email
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
