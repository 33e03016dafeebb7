package metadata

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// atMostOnce are the terms that constraints 5 to 10 allow once, in that order.
var atMostOnce = []Term{
	{"slterms", "serial-number"}, Version, Deprecated, OS, OSArch, OSVersion,
}

// constraints checks the rules of the Marketplace, in its order. Constraint 3,
// a type without child elements, is part of the schema.
func (c *checker) constraints(root, description *strictxml.Node) {
	if base, ok := root.Attribute(xmlBase); ok && base != baseURI {
		c.report("constraint 1", root, "xml:base %.80q; want %q", base, baseURI)
	}
	if n := len(named(description, Type)); n != 1 {
		c.report("constraint 2", description, "%d elements %s; want exactly 1", n, Type)
	}
	var digests []string
	for _, sum := range named(description, checksum) {
		if textAt(sum, algorithm) == string(diskimage.SHA1) {
			digests = append(digests, textAt(sum, digest))
		}
	}
	if n := len(digests); n != 1 {
		c.report("constraint 4", description, "%d elements %s of algorithm %s; want exactly 1", n, checksum, string(diskimage.SHA1))
	}
	for i, t := range atMostOnce {
		if n := len(named(description, t)); n > 1 {
			c.report(fmt.Sprintf("constraint %d", 5+i), description, "%d elements %s; at most 1", n, t)
		}
	}
	c.identifier(description, digests)
	c.times(description)
}

// identifier checks that rdf:about, the identifier and the SHA-1 digest are one.
func (c *checker) identifier(description *strictxml.Node, digests []string) {
	found := named(description, Identifier)
	if len(found) == 0 {
		return
	}
	id := found[0].Text()
	if about, ok := description.Attribute(rdfAbout); ok && about != "#"+id {
		c.report("constraint 11", description, `rdf:about %.80q; want %.80q, for the text of %s`, about, "#"+id, Identifier)
	}
	decoded, err := DecodeIdentifier(id)
	if err != nil {
		c.report("constraint 12", found[0], "%v", err)
		return
	}
	if len(digests) != 1 {
		return
	}
	if sum, err := hex.DecodeString(digests[0]); err == nil && len(sum) == len(decoded) && !bytes.Equal(sum, decoded) {
		c.report("constraint 12", found[0], "%q; want %q, for the %s digest %s", id, IdentifierOf(sum), string(diskimage.SHA1), digests[0])
	}
}

// times checks the two times that the Marketplace works with.
func (c *checker) times(description *strictxml.Node) {
	times := named(description, Valid)
	for _, e := range named(description, endorsement) {
		times = append(times, named(e, Created)...)
	}
	for _, n := range times {
		if text := n.Text(); text != "" {
			if _, err := ParseTime(text); err != nil {
				c.report("constraint 13", n, "%v", err)
			}
		}
	}
}

// index checks what the Marketplace accepts and then cannot list, or lists in
// one of several ways.
func (c *checker) index(root, description *strictxml.Node) {
	for _, n := range []*strictxml.Node{root, description} {
		if n.Prefix != "rdf" {
			c.report(ruleIndex, n, "prefix %.80q; want \"rdf\"", n.Prefix)
		}
	}
	for _, a := range description.Attributes {
		if a.URI == rdfNamespace && a.Prefix != "rdf" {
			c.report(ruleIndex, description, "prefix %.80q of attribute %.80s; want \"rdf\"", a.Prefix, a.Local)
		}
	}
	for _, d := range description.Declarations {
		c.report(ruleIndex, description, "declaration of prefix %.80q; want declarations on rdf:RDF and inside rdf:Description", d.Prefix)
	}
	seen := map[string]bool{}
	for _, sum := range named(description, checksum) {
		name := foldAlgorithm(textAt(sum, algorithm))
		if seen[name] && name != foldAlgorithm(string(diskimage.SHA1)) {
			c.report(ruleIndex, sum, "second digest %.80s; want one of each algorithm", strings.ToUpper(name))
		}
		seen[name] = true
	}
	if n := len(named(description, Valid)); n > 1 {
		c.report(ruleIndex, description, "%d elements %s; at most 1", n, Valid)
	}
}

// complete checks that nothing is missing which the level asks for.
func (c *checker) complete(description *strictxml.Node) {
	if c.level&Endorsed != 0 {
		for _, e := range named(description, endorsement) {
			c.filled(named(e, Created), "a time such as %q", timeLayout)
			for _, by := range named(e, endorser) {
				c.filled(named(by, subject), "the distinguished name of the endorser")
				c.filled(named(by, issuer), "the distinguished name of the issuer")
			}
		}
	}
	if c.level&Listable != 0 {
		c.filled(named(description, Type), "a type such as \"base\"")
		if textAt(description, Valid) == "" {
			c.report(ruleComplete, description, "no time in %s; without it the Marketplace never lists the image", Valid)
		}
	}
	if c.level&Located != 0 {
		hasURI := func(n *strictxml.Node) bool { return n.Text() != "" }
		if !slices.ContainsFunc(named(description, Location), hasURI) {
			c.report(ruleComplete, description, "no URI in any %s; at least one is needed", Location)
		}
	}
}

func (c *checker) filled(nodes []*strictxml.Node, format string, args ...any) {
	for _, n := range nodes {
		if !mixed(n) {
			c.report(ruleComplete, n, "empty; want %s", fmt.Sprintf(format, args...))
		}
	}
}
