package source

import (
	"errors"
	"fmt"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/trust"
	"github.com/stratuslab/stratus/stratus-create-image/internal/claim"
)

// Found is a description that may be used.
type Found struct {
	*entry.Entry
	Reason    string      // why its endorser is trusted
	Claim     claim.Claim // what it says of the image
	Locations []string    // where the image is, unverified
}

// choose decides among the descriptions.
func (f *Finder) choose(j *judged, b Base) (*Found, error) {
	if len(j.trusted) == 0 {
		return nil, j.distrust()
	}
	current := standing(j.trusted)
	if b.Form == Tag {
		current = tagged(current, b.tag())
		if len(current) == 0 {
			return nil, j.untagged(f, b)
		}
	}
	chosen, refused := f.best(current)
	if chosen == nil {
		return nil, refuse(refused)
	}
	image, err := chosen.image()
	if err != nil {
		return nil, err
	}
	f.warn(current, chosen, image)
	return &Found{
		Entry: chosen.Entry, Reason: chosen.reason, Claim: claim.Claim{Image: image},
		Locations: chosen.Endorsed.Document.Texts(metadata.Location),
	}, nil
}

// tagged leaves the one description that a tag stands for: the newest that is
// not deprecated, if there is one. Who only claims the address has no say.
func tagged(newestFirst []*candidate, tag string) []*candidate {
	var all []*candidate
	for _, c := range newestFirst {
		switch {
		case c.summary.Tag != tag || !c.certified:
			continue
		case c.status != entry.Deprecated:
			return []*candidate{c}
		}
		all = append(all, c)
	}
	return all[:min(1, len(all))]
}

// best takes the newest valid description, else the newest that is let in all
// the same. If there is none, it gives the newest of those that are refused.
func (f *Finder) best(newestFirst []*candidate) (chosen, refused *candidate) {
	allowed := map[entry.Status]bool{entry.Expired: f.AllowExpired, entry.Deprecated: f.AllowDeprecated, entry.Valid: true}
	for _, status := range entry.Statuses() {
		for _, c := range newestFirst {
			switch {
			case c.status == status && allowed[status]:
				return c, nil
			case c.status == status && (refused == nil || c.Created > refused.Created):
				refused = c
			}
		}
	}
	return nil, refused
}

// distrust is the error where no endorser is trusted.
func (j *judged) distrust() error {
	var reasons []error
	hint := ""
	for _, c := range j.untrusted {
		reasons = append(reasons, fmt.Errorf("not using %s as %s describes it: %s", c.Identifier, c.who(), c.reason))
		if hint == "" {
			hint = c.hint
		}
	}
	if j.more > 0 {
		reasons = append(reasons, fmt.Errorf("not using %d more descriptions whose endorsers are not trusted", j.more))
	}
	return &fault.Error{Kind: fault.Credentials, Err: errors.Join(reasons...), Hint: hint}
}

// untagged is the error where nothing that counts has the tag.
func (j *judged) untagged(f *Finder, b Base) error {
	for _, c := range j.trusted {
		if c.summary.Tag == b.tag() && !c.certified {
			return fault.WithHint(&fault.Error{Kind: fault.Credentials,
				Err: fmt.Errorf("finding the base %q: the certificate that signed this tag does not name the address %q", b.Text, c.Email)},
				"name the base by its identifier, which is %s", c.Identifier)
		}
	}
	if len(j.untrusted) > 0 {
		return j.distrust()
	}
	return f.missing(b)
}

// refuse is the error about what should not be used any more.
func refuse(c *candidate) error {
	if c.status == entry.Deprecated {
		return fault.WithHint(fault.BadInputf("the base %s is deprecated by %s: %s", c.Identifier, c.who(), c.summary.Deprecated),
			"--allow-deprecated uses it all the same")
	}
	return fault.WithHint(fault.BadInputf("the base %s, as %s describes it, %s", c.Identifier, c.who(), c.expiry()),
		"--allow-expired uses it all the same")
}

// warn tells what the user should know about what is going to be used.
func (f *Finder) warn(current []*candidate, chosen *candidate, image diskimage.Image) {
	if f.Insecure {
		f.Warn("--insecure-no-trust: nothing but the image policies has been asked whether %s, certificate %s, may be trusted: anybody can sign under any name",
			chosen.Email, trust.Fingerprint(chosen.Endorsed.Certificate))
	}
	if image.SHA256 == nil && image.SHA512 == nil {
		f.Warn("the description of %s has no digest but MD5 and SHA-1, which can be forged", chosen.Identifier)
	}
	switch chosen.status {
	case entry.Deprecated:
		f.Warn("the base %s is deprecated by %s: %s", chosen.Identifier, chosen.who(), chosen.summary.Deprecated)
	case entry.Expired:
		f.Warn("the base %s, as %s describes it, %s", chosen.Identifier, chosen.who(), chosen.expiry())
	}
	for _, c := range current {
		if c != chosen && c.Identifier == chosen.Identifier && c.status == entry.Deprecated {
			f.Warn("%s deprecates the base %s: %s", c.who(), c.Identifier, c.summary.Deprecated)
		}
	}
}

// CheckImage asks the image policies about the image itself, of which all
// checksums are known by now.
func (f *Finder) CheckImage(found *Found, got diskimage.Image) error {
	if why := f.RefuseImage(found.Endorsed, got); why != "" {
		return &fault.Error{Kind: fault.Credentials, Err: fmt.Errorf("not using the image %s: %s", found.Identifier, why)}
	}
	return nil
}

// image is what the description says of the image.
func (c *candidate) image() (diskimage.Image, error) {
	image, err := c.Endorsed.Document.Image()
	if err == nil && image.Bytes <= 0 {
		err = fmt.Errorf("an image of %d bytes", image.Bytes)
	}
	if err == nil && image.SHA1 == nil {
		image.SHA1, err = metadata.DecodeIdentifier(c.Identifier)
	}
	if err != nil {
		return diskimage.Image{}, fault.BadInputf("reading the base's description: %w", err)
	}
	return image, nil
}
