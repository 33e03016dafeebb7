package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/tool"
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

// candidate is a description with what decides about it.
type candidate struct {
	*entry.Entry
	summary entry.Summary
	status  entry.Status
	reason  string // of the verdict
	hint    string
}

// choose decides among the descriptions, which are the latest of each endorser.
func (f *Finder) choose(entries []*entry.Entry, b Base, now time.Time) (*Found, error) {
	trusted, untrusted := f.judge(entries, now)
	if len(trusted) == 0 {
		return nil, distrust(untrusted)
	}
	if b.Form == Tag {
		trusted = tagged(trusted)
	}
	chosen, refused := f.best(latest(trusted))
	if chosen == nil {
		return nil, refuse(refused)
	}
	image, err := chosen.image()
	if err != nil {
		return nil, err
	}
	f.warn(trusted, chosen, image)
	return &Found{
		Entry: chosen.Entry, Reason: chosen.reason, Claim: claim.Claim{Image: image},
		Locations: chosen.Endorsed.Document.Texts(metadata.Location),
	}, nil
}

// judge divides the descriptions, and puts the newest first.
func (f *Finder) judge(entries []*entry.Entry, now time.Time) (trusted, untrusted []*candidate) {
	for _, e := range entries {
		summary := e.Summary()
		c := &candidate{Entry: e, summary: summary, status: summary.Status(now)}
		if f.Trust == nil {
			c.reason = "not looked at (--insecure-no-trust)"
			trusted = append(trusted, c)
			continue
		}
		verdict := f.Trust(e.Endorsed, now)
		c.reason, c.hint = verdict.Reason, verdict.Hint
		if verdict.Trusted {
			trusted = append(trusted, c)
		} else {
			untrusted = append(untrusted, c)
		}
	}
	newest := func(a, b *candidate) int { return strings.Compare(b.Created, a.Created) }
	slices.SortStableFunc(trusted, newest)
	slices.SortStableFunc(untrusted, newest)
	return trusted, untrusted
}

// latest leaves the newest description of each image and endorser: it says what
// has become of the older ones.
func latest(newestFirst []*candidate) []*candidate {
	seen := make(map[[2]string]bool)
	return slices.DeleteFunc(slices.Clone(newestFirst), func(c *candidate) bool {
		key := [2]string{c.Identifier, c.Email}
		defer func() { seen[key] = true }()
		return seen[key]
	})
}

// tagged leaves the one description that a tag stands for: the newest that is
// not deprecated, if there is one.
func tagged(newestFirst []*candidate) []*candidate {
	for _, c := range latest(newestFirst) {
		if c.status != entry.Deprecated {
			return []*candidate{c}
		}
	}
	return newestFirst[:1]
}

// best takes the newest valid description, else the newest that is let in all
// the same. If there is none, it gives the newest of those that are refused.
func (f *Finder) best(trusted []*candidate) (chosen, refused *candidate) {
	allowed := map[entry.Status]bool{entry.Expired: f.AllowExpired, entry.Deprecated: f.AllowDeprecated, entry.Valid: true}
	for _, status := range entry.Statuses() {
		for _, c := range trusted {
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
func distrust(untrusted []*candidate) error {
	var reasons []error
	hint := ""
	for _, c := range untrusted {
		reasons = append(reasons, fmt.Errorf("not using %s as %s describes it: %s", c.Identifier, c.who(), c.reason))
		if hint == "" {
			hint = c.hint
		}
	}
	return &tool.Error{Code: tool.ExitCredentials, Err: errors.Join(reasons...), Hint: hint}
}

// refuse is the error about what should not be used any more.
func refuse(c *candidate) error {
	if c.status == entry.Deprecated {
		return tool.WithHint(tool.BadInputf("the base %s is deprecated by %s: %s", c.Identifier, c.who(), c.summary.Deprecated),
			"--allow-deprecated uses it all the same")
	}
	return tool.WithHint(tool.BadInputf("the base %s, as %s describes it, %s", c.Identifier, c.who(), c.expiry()),
		"--allow-expired uses it all the same")
}

func (c *candidate) expiry() string {
	if c.summary.Valid == "" {
		return "has no time of expiry, which counts as expired"
	}
	return "expired on " + c.summary.Valid
}

func (c *candidate) who() string { return c.Email + " (" + c.Created + ")" }

// warn tells what the user should know about what is going to be used.
func (f *Finder) warn(trusted []*candidate, chosen *candidate, image metadata.Image) {
	if f.Trust == nil {
		f.Warn("--insecure-no-trust: nobody has looked at whether %s, certificate %s, may be trusted: anybody can sign under any name",
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
	for _, c := range trusted {
		if c != chosen && c.Identifier == chosen.Identifier && c.status == entry.Deprecated {
			f.Warn("%s deprecates the base %s: %s", c.who(), c.Identifier, c.summary.Deprecated)
		}
	}
}

// image is what the description says of the image.
func (c *candidate) image() (metadata.Image, error) {
	image, err := c.Endorsed.Document.Image()
	if err == nil && image.Bytes <= 0 {
		err = fmt.Errorf("an image of %d bytes", image.Bytes)
	}
	if err == nil && image.SHA1 == nil {
		image.SHA1, err = metadata.DecodeIdentifier(c.Identifier)
	}
	if err != nil {
		return metadata.Image{}, tool.BadInputf("reading the base's description: %w", err)
	}
	return image, nil
}
