package base

import (
	"fmt"
	"slices"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/trust"
)

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
