package build

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
)

// draft returns the description of the new image. packages is the SHA-256 of the
// list of its packages, or nil.
func (r *run) draft(image diskimage.Image, packages []byte) ([]byte, error) {
	now, err := r.Now()
	if err != nil {
		return nil, err
	}
	t := &r.Texts
	d := metadata.New()
	d.SetImage(image)
	for _, f := range []struct {
		term metadata.Term
		text string
	}{
		{metadata.Type, r.baseText(metadata.Type, "base")},
		{metadata.Kind, r.baseText(metadata.Kind, "machine")},
		{metadata.OS, cmp.Or(r.OS, r.os.ID)},
		{metadata.OSVersion, r.os.Version},
		{metadata.OSArch, r.os.Arch},
		{metadata.Version, r.imageVersion()},
		{metadata.Compression, string(r.Target.Compression)},
		{metadata.Format, string(r.Target.Format)},
		{metadata.Creator, creator(t.Author, t.AuthorEmail)},
		{metadata.Created, metadata.FormatTime(now)},
		{metadata.Valid, metadata.FormatTime(now.Add(metadata.DefaultValidity))},
		{metadata.Title, t.Title},
		{metadata.Description, t.Comment},
		{metadata.Hypervisor, r.baseText(metadata.Hypervisor, "kvm")},
		{metadata.DisksBus, r.machine.Hardware().Bus},
		{metadata.Publisher, r.baseText(metadata.Publisher, "StratusLab")},
		{metadata.IsVersionOf, metadata.IdentifierOf(r.base.Sums.SHA1)},
		{metadata.Replaces, t.Replaces},
	} {
		d.SetText(f.term, f.text)
	}
	if packages != nil {
		d.SetText(metadata.SBOM, hex.EncodeToString(packages))
	}
	if len(r.reused) > 0 {
		d.SetText(metadata.Reused, r.reusedText())
	}
	if r.record != nil {
		d.SetText(metadata.Inputs, r.record.digest())
	}
	if err := d.Check(metadata.Draft); err != nil {
		return nil, fmt.Errorf("checking the new description: %w", err)
	}
	return d.Bytes()
}

// baseText returns what the base's description says, or otherwise where it says
// nothing or there is none.
func (r *run) baseText(t metadata.Term, otherwise string) string {
	if r.found == nil || r.found.Description == nil {
		return otherwise
	}
	return cmp.Or(r.found.Description.Text(t), otherwise)
}

// imageVersion returns the version that the request names, else the one after the
// base's, else the first.
func (r *run) imageVersion() string {
	if r.Texts.Version != "" {
		return r.Texts.Version
	}
	if v := r.baseText(metadata.Version, ""); v != "" {
		return nextVersion(v)
	}
	return "1.0"
}

var lastNumber = regexp.MustCompile(`^(.*?)([0-9]+)$`)

// nextVersion returns the version with its last number plus 1: 1.0 becomes 1.1, 2.9 becomes 2.10.
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
