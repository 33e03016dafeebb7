package metadata

import (
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// item is one place in a fixed sequence of elements.
type item struct {
	term           Term
	optional, many bool
	check          func(*strictxml.Node)
}

// sequence checks the children of n against items, in document order. Elements
// of other names are allowed after them if there is a check for the rest.
func (c *checker) sequence(n *strictxml.Node, children []*strictxml.Node, items []item, rest func(*strictxml.Node)) {
	s := sequence{c, n, children, items, make([]int, len(items)), 0}
	for _, child := range children {
		at := slices.IndexFunc(items, func(i item) bool { return is(child, i.term) })
		switch {
		case at >= 0:
			s.place(child, at)
			items[at].check(child)
		case rest != nil:
			s.advance(len(items))
			rest(child)
		default:
			c.report(ruleSchema, child, "not allowed here; want %s", s.order())
		}
	}
	s.advance(len(items))
}

type sequence struct {
	*checker
	parent   *strictxml.Node
	children []*strictxml.Node
	items    []item
	seen     []int // how many there were of each item
	next     int   // the item whose turn it is
}

// place reports a child that stands where its item may not.
func (s *sequence) place(child *strictxml.Node, at int) {
	first := s.seen[at] == 0
	switch {
	case !first && !s.items[at].many:
		s.report(ruleSchema, child, "given more than once; want once, in the order %s", s.order())
	case !first && at < s.next:
		s.report(ruleSchema, child, "misplaced; want the order %s", s.order())
	case at > s.next:
		s.advance(at)
	}
	s.seen[at]++
}

// advance makes it the turn of a later item, and reports the required ones that
// have not come by then.
func (s *sequence) advance(to int) {
	for ; s.next < to; s.next++ {
		i := s.items[s.next]
		if s.seen[s.next] > 0 {
			continue
		}
		later := slices.IndexFunc(s.children, func(child *strictxml.Node) bool { return is(child, i.term) })
		switch {
		case later >= 0:
			s.report(ruleSchema, s.children[later], "misplaced; want the order %s", s.order())
		case !i.optional:
			s.report(ruleSchema, s.parent, "no %s; required are, in this order, %s", i.term, s.order())
		}
	}
}

// order names the items for the user.
func (s *sequence) order() string {
	var names []string
	for _, i := range s.items {
		names = append(names, i.term.String())
	}
	return strings.Join(names, ", ")
}
