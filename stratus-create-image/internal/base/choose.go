package base

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/trust"
)

// signed is a signed description that may be used.
type signed struct {
	*entry.Entry
	reason string          // why its endorser is trusted
	image  diskimage.Image // what it says of the image
}

// choose chooses one of the descriptions.
func (s *search) choose() (*signed, error) {
	if len(s.trusted) == 0 {
		return nil, s.distrust()
	}
	current := standing(s.trusted)
	if s.name.Form == Tag {
		current = tagged(current, s.name.tag())
		if len(current) == 0 {
			return nil, s.untagged()
		}
	}
	chosen, refused := s.best(current)
	if chosen == nil {
		return nil, refuse(refused)
	}
	image, err := chosen.image()
	if err != nil {
		return nil, err
	}
	s.warn(current, chosen, image)
	return &signed{Entry: chosen.Entry, reason: chosen.verdict.Reason, image: image}, nil
}

// tagged returns the description that a tag stands for, at most one: the newest
// that is not deprecated, else the newest. An address that is only claimed does
// not count.
func tagged(newestFirst []*candidate, tag string) []*candidate {
	all := slices.DeleteFunc(newestFirst, func(c *candidate) bool { return c.summary.Tag != tag || !c.verdict.Certified })
	if i := slices.IndexFunc(all, func(c *candidate) bool { return c.status != entry.Deprecated }); i > 0 {
		all = all[i:]
	}
	return all[:min(1, len(all))]
}

// best chooses the newest valid description, else the newest that is allowed all
// the same. Where there is none, it returns the newest of those that are refused.
func (s *search) best(newestFirst []*candidate) (chosen, refused *candidate) {
	allowed := map[entry.Status]bool{entry.Expired: s.AllowExpired, entry.Deprecated: s.AllowDeprecated, entry.Valid: true}
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

// distrust returns the error where no endorser is trusted.
func (s *search) distrust() error {
	var reasons []error
	hint := ""
	for _, c := range s.untrusted {
		reasons = append(reasons, fmt.Errorf("not using %s as %s describes it: %s", c.Identifier, c.who(), c.verdict.Reason))
		if hint == "" {
			hint = c.verdict.Hint
		}
	}
	if s.more > 0 {
		reasons = append(reasons, fmt.Errorf("not using %d more descriptions whose endorsers are not trusted", s.more))
	}
	return &report.Error{Kind: report.Credentials, Err: errors.Join(reasons...), Hint: hint}
}

// untagged returns the error where no description that counts has the tag.
func (s *search) untagged() error {
	for _, c := range s.trusted {
		if c.summary.Tag == s.name.tag() && !c.verdict.Certified {
			return report.WithHint(
				report.Credentialsf("finding the base %q: the certificate that signed this tag does not name the address %q", s.name.Text, c.Email),
				"name the base by its identifier, which is %s", c.Identifier)
		}
	}
	if len(s.untrusted) > 0 {
		return s.distrust()
	}
	return s.missing()
}

// refuse returns the error about a description that should not be used any more.
func refuse(c *candidate) error {
	hint := "add --allow-expired to use it all the same"
	if c.status == entry.Deprecated {
		hint = "add --allow-deprecated to use it all the same"
	}
	return report.WithHint(report.BadInputf("%s", c.doubt()), "%s", hint)
}

// warn reports what the user should know about the description.
func (s *search) warn(current []*candidate, chosen *candidate, image diskimage.Image) {
	if s.Insecure {
		s.log.Warnf("--insecure-no-trust: only the image policies were asked about %s, certificate %s: anybody can sign under any name",
			chosen.Email, chosen.summary.Fingerprint)
	}
	if image.SHA256 == nil && image.SHA512 == nil {
		s.log.Warnf("the description of %s has only digests that can be forged, MD5 and SHA-1", chosen.Identifier)
	}
	if chosen.status != entry.Valid {
		s.log.Warnf("%s", chosen.doubt())
	}
	for _, c := range current {
		if c != chosen && c.Identifier == chosen.Identifier && c.status == entry.Deprecated {
			s.log.Warnf("%s", c.doubt())
		}
	}
}

// checkImage asks the image policies about the image itself, of which all digests
// are known by now.
func (f *Finder) checkImage(by *signed, got diskimage.Image) error {
	if why := f.RefuseImage(by.Endorsed, got); why != "" {
		return report.Credentialsf("not using the image %s: %s", by.Identifier, why)
	}
	return nil
}

// image returns what the description says of the image.
func (c *candidate) image() (diskimage.Image, error) {
	image, err := c.Endorsed.Document.Image()
	if err == nil && image.Bytes <= 0 {
		err = fmt.Errorf("an image of %d bytes", image.Bytes)
	}
	if err == nil && image.SHA1 == nil {
		image.SHA1, err = metadata.DecodeIdentifier(c.Identifier)
	}
	if err != nil {
		return diskimage.Image{}, report.BadInputf("reading the base's description: %w", err)
	}
	return image, nil
}

// candidate is a description with what decides about it.
type candidate struct {
	*entry.Entry
	summary entry.Summary
	status  entry.Status
	verdict trust.Verdict
}

func (c *candidate) who() string { return c.Email + " (" + c.Created + ")" }

// doubt returns what is wrong with a description that is not valid.
func (c *candidate) doubt() string {
	switch {
	case c.status == entry.Deprecated:
		return fmt.Sprintf("the base %s is deprecated by %s: %s", c.Identifier, c.who(), c.summary.Deprecated)
	case c.summary.Valid == "":
		return fmt.Sprintf("the base %s, as %s describes it, has no time of expiry, which counts as expired", c.Identifier, c.who())
	}
	return fmt.Sprintf("the base %s, as %s describes it, expired on %s", c.Identifier, c.who(), c.summary.Valid)
}

// maxUntrusted bounds the descriptions that are kept only to report them.
const maxUntrusted = 20

// judge judges one description by itself: a description that is not trusted must
// have no effect on others.
func (s *search) judge(e *entry.Entry) {
	summary := e.Summary()
	c := &candidate{Entry: e, summary: summary, status: summary.Status(s.now), verdict: s.Trust(e.Endorsed, s.now)}
	switch {
	case c.verdict.Trusted:
		s.trusted = append(s.trusted, c)
	case s.name.Form == Tag && summary.Tag != s.name.tag():
	case len(s.untrusted) < maxUntrusted:
		s.untrusted = append(s.untrusted, c)
	default:
		s.more++
	}
}

// standing returns the trusted descriptions that no other one replaces, the newest
// first. The newest description of an image replaces the older ones: all by the
// same address where that is certified, else only those by the same certificate.
// Where the address is only claimed, a deprecation of it by anybody who is trusted
// counts as well.
func standing(trusted []*candidate) []*candidate {
	address := func(c *candidate) entry.Series { return entry.Series{Identifier: c.Identifier, Email: c.Email} }
	var newest entry.Newest[*candidate]
	for _, c := range trusted {
		series := c.Series()
		if c.verdict.Certified {
			series = address(c)
		}
		newest.Add(series, c.Key, c)
	}
	all := newest.Values()
	deprecated := make(map[entry.Series]bool)
	for _, c := range all {
		if c.status == entry.Deprecated {
			deprecated[address(c)] = true
		}
	}
	return slices.DeleteFunc(all, func(c *candidate) bool {
		return !c.verdict.Certified && c.status != entry.Deprecated && deprecated[address(c)]
	})
}
