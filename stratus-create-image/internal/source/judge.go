package source

import (
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// candidate is a description with what decides about it.
type candidate struct {
	*entry.Entry
	summary   entry.Summary
	status    entry.Status
	certified bool   // the address is more than a claim
	reason    string // of the verdict
	hint      string
}

func (c *candidate) expiry() string {
	if c.summary.Valid == "" {
		return "has no time of expiry, which counts as expired"
	}
	return "expired on " + c.summary.Valid
}

func (c *candidate) who() string { return c.Email + " (" + c.Created + ")" }

// maxUntrusted bounds the descriptions that are kept only to tell of them.
const maxUntrusted = 20

// judged are the descriptions that were found, each judged by itself: one that
// is not trusted must have no effect on the others.
type judged struct {
	trusted   []*candidate
	untrusted []*candidate // the first few
	more      int          // untrusted ones
}

// judge judges one description and puts it with the others.
func (f *Finder) judge(j *judged, e *entry.Entry, b Base, now time.Time) {
	verdict := f.Trust(e.Endorsed, now)
	summary := e.Summary()
	c := &candidate{Entry: e, summary: summary, status: summary.Status(now), certified: verdict.Certified, reason: verdict.Reason, hint: verdict.Hint}
	switch {
	case verdict.Trusted:
		j.trusted = append(j.trusted, c)
	case b.Form == Tag && summary.Tag != b.tag():
	case len(j.untrusted) < maxUntrusted:
		j.untrusted = append(j.untrusted, c)
	default:
		j.more++
	}
}

// standing leaves those of the trusted descriptions that no other one takes the
// place of, and puts the newest first. The newest description of an image says
// what has become of the older ones: of all by the same address, where that is
// certified, else only of those by the same certificate. Where the address is
// only claimed, its deprecation by anybody who is trusted counts as well.
func standing(trusted []*candidate) []*candidate {
	all := slices.Clone(trusted)
	slices.SortStableFunc(all, func(a, b *candidate) int { return strings.Compare(b.Created, a.Created) })
	seen := make(map[entry.Series]bool)
	deprecated := make(map[entry.Series]bool) // without the certificate
	all = slices.DeleteFunc(all, func(c *candidate) bool {
		series := c.Series()
		address := entry.Series{Identifier: series.Identifier, Email: series.Email}
		if c.certified {
			series = address
		}
		if seen[series] {
			return true
		}
		seen[series] = true
		deprecated[address] = deprecated[address] || c.status == entry.Deprecated
		return false
	})
	return slices.DeleteFunc(all, func(c *candidate) bool {
		return !c.certified && c.status != entry.Deprecated && deprecated[entry.Series{Identifier: c.Identifier, Email: c.Email}]
	})
}
