package metadata

import (
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Level is what a document must have that a draft may lack. Levels can be combined
// with |, and taken out with &^.
type Level uint

const (
	// Endorsed asks for an endorsement that is filled.
	Endorsed Level = 1 << iota
	// Listable asks for what the Marketplace needs to list an image: a time of
	// expiry and a type.
	Listable
	// Located asks for at least one location.
	Located

	// Draft is a document that waits for its signer: the endorsement may be
	// empty or missing, and so may what only publishing needs.
	Draft Level = 0
	// Complete is a document that can be published.
	Complete = Endorsed | Listable | Located
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	// Rule says what is broken: "schema" for the XML schema of StratusLab,
	// "constraint 1" to "constraint 13" for the rules of its Marketplace, "rdf"
	// for the grammar of RDF/XML, "index" for what makes an entry invisible or
	// ambiguous in the Marketplace, "complete" for what is missing in a document
	// that is to be published.
	Rule string
	// Where is the element, as a path below the Description.
	Where string
	// Message says what was found and what is allowed.
	Message string
}

// String returns a line for the user.
func (p Problem) String() string { return p.Where + ": " + p.Message }

// CheckError holds what Check has found. It wraps ErrInvalid.
type CheckError struct {
	// Problems are the first ones, at least one. The first of all is the one
	// that the StratusLab validator would report, if it knows of any.
	Problems []Problem
	// Omitted is the number of problems beyond those.
	Omitted int
}

// Error returns one line for a single problem, and otherwise one line for each
// below a first line.
func (e *CheckError) Error() string {
	if len(e.Problems) == 1 && e.Omitted == 0 {
		return fmt.Sprintf("%v: %v", ErrInvalid, e.Problems[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v, %d problems:", ErrInvalid, len(e.Problems)+e.Omitted)
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  %v", p)
	}
	if e.Omitted > 0 {
		fmt.Fprintf(&b, "\n  and %d more", e.Omitted)
	}
	return b.String()
}

// Unwrap returns ErrInvalid.
func (e *CheckError) Unwrap() error { return ErrInvalid }

// Check finds out whether every known reader and checker accepts the document.
// The error is a *CheckError, or wraps ErrInvalid because the document cannot be
// written or would be too large to be read. Signatures are only looked for, and
// times are not compared with the clock.
func (d *Document) Check(level Level) error {
	if _, err := d.Bytes(); err != nil {
		return err
	}
	c := checker{level: level}
	description := c.schema(d.tree.Root)
	c.constraints(d.tree.Root, description)
	c.rdf(description)
	c.index(d.tree.Root, description)
	c.complete(description)
	if len(c.found.Problems) == 0 {
		return nil
	}
	return &c.found
}

// maxProblems bounds what a hostile document can make a user read.
const maxProblems = 20

type checker struct {
	level Level
	found CheckError
}

// The rules of Problem that are not numbered.
const (
	ruleSchema   = "schema"
	ruleRDF      = "rdf"
	ruleIndex    = "index"
	ruleComplete = "complete"
)

func (c *checker) report(rule string, at *strictxml.Node, format string, args ...any) {
	if len(c.found.Problems) == maxProblems {
		c.found.Omitted++
		return
	}
	c.found.Problems = append(c.found.Problems, Problem{rule, path(at), fmt.Sprintf(format, args...)})
}
