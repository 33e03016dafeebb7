package metadata

import (
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// Names of attributes.
var (
	xmlBase      = strictxml.Name{URI: strictxml.XMLNamespace, Local: "base"}
	xmlLang      = strictxml.Name{URI: strictxml.XMLNamespace, Local: "lang"}
	rdfAbout     = strictxml.Name{URI: rdfNamespace, Local: "about"}
	rdfParseType = strictxml.Name{URI: rdfNamespace, Local: "parseType"}
)

// schema checks what the XML schemas of StratusLab do, in document order, and
// returns the Description.
func (c *checker) schema(root *strictxml.Node) *strictxml.Node {
	if _, ok := root.Attribute(xmlBase); !ok {
		c.report(ruleSchema, root, "no attribute xml:base; it must be %q", baseURI)
	}
	c.attributes(root, "xml:base and namespace declarations", xmlBase)
	c.elementsOnly(root)
	var description *strictxml.Node
	signed := false
	for _, child := range root.Elements() {
		switch {
		case child.Name() == descriptionName && !signed:
			description = child
			c.description(child)
		case child.Name() == signatureName && description != nil && !signed:
			signed = true
		case child.Name() == signatureName:
			c.report(ruleSchema, child, "misplaced or repeated signature; want one, after rdf:Description")
		default:
			c.report(ruleSchema, child, "not allowed in rdf:RDF; want one rdf:Description and after it one Signature")
		}
	}
	return description
}

func (c *checker) description(n *strictxml.Node) {
	c.about(n)
	c.attributes(n, "rdf:about", rdfAbout)
	c.elementsOnly(n)
	children := n.Elements()
	if len(children) > 0 && is(children[0], rdfType) {
		c.extension(children[0])
		children = children[1:]
	}
	c.sequence(n, children, []item{
		{term: Identifier, check: c.dublinCore},
		{term: Bytes, check: c.simple(bytesForm)},
		{term: checksum, many: true, check: c.checksum},
		{term: endorsement, optional: c.level&Endorsed == 0, check: c.endorsement},
	}, c.extension)
}

// resourceOnly is what is allowed on an element that holds slreq elements.
const resourceOnly = `rdf:parseType="Resource"`

func (c *checker) about(n *strictxml.Node) {
	about, ok := n.Attribute(rdfAbout)
	if !ok {
		c.report(ruleSchema, n, `no attribute rdf:about; it must be "#" and the image identifier`)
		return
	}
	id, hash := strings.CutPrefix(about, "#")
	if !hash || len(id) != identifierLength || strings.Trim(id, identifierAlphabet) != "" {
		c.report(ruleSchema, n, `rdf:about %.80q; want "#" and %d of the characters A-Z a-z 0-9 - _`, about, identifierLength)
	}
}

func (c *checker) checksum(n *strictxml.Node) {
	c.attributes(n, resourceOnly, rdfParseType)
	c.elementsOnly(n)
	c.sequence(n, n.Elements(), []item{
		{term: algorithm, check: c.simple(algorithmForm)},
		{term: digest, check: c.simple(hexForm)},
	}, nil)
	a, value := diskimage.Algorithm(textAt(n, algorithm)), textAt(n, digest)
	if size := a.Size(); size > 0 && value != "" && len(value) != 2*size {
		c.report(ruleSchema, n, "%s digest %.80q of %d digits; want %d", a, value, len(value), 2*size)
	}
}

func (c *checker) endorsement(n *strictxml.Node) {
	c.attributes(n, resourceOnly, rdfParseType)
	c.elementsOnly(n)
	if len(n.Elements()) == 0 {
		if c.level&Endorsed != 0 && !mixed(n) {
			c.report(ruleSchema, n, "empty; who endorses the document fills it when signing")
		}
		return
	}
	c.sequence(n, n.Elements(), []item{
		{term: Created, check: c.dublinCore},
		{term: endorser, check: c.endorser},
	}, nil)
}

func (c *checker) endorser(n *strictxml.Node) {
	c.attributes(n, resourceOnly, rdfParseType)
	c.elementsOnly(n)
	c.sequence(n, n.Elements(), []item{
		{term: email, check: c.simple(emailForm)},
		{term: subject, check: c.simple(anyForm)},
		{term: issuer, many: true, check: c.simple(anyForm)},
	}, nil)
}

// extension checks any element after the endorsement with all it contains.
// What StratusLab requires has its places, and is looked up by some readers
// wherever it comes first; a second one elsewhere is never honest.
func (c *checker) extension(n *strictxml.Node) {
	switch form, known := sltermsForms[n.Local]; {
	case n.URI == dctermsNamespace:
		c.dublinCore(n)
	case n.URI == sltermsNamespace && known:
		c.simple(form)(n)
	case n.URI == slreqNamespace:
		c.report(ruleSchema, n, "misplaced; elements slreq:* are allowed only at their places before and in the one slreq:endorsement")
	case n.URI == xmldsigNamespace:
		c.report(ruleSchema, n, "signature inside rdf:Description; want one, after rdf:Description")
	default:
		for _, a := range n.Attributes {
			c.parseType(n, a)
		}
		for _, child := range n.Elements() {
			c.extension(child)
		}
	}
}

// dublinCore checks an element that may have a language.
func (c *checker) dublinCore(n *strictxml.Node) {
	c.attributes(n, "xml:lang", xmlLang)
	c.textOnly(n)
}

// simple returns a check of an element without attributes and with a text of
// the given form.
func (c *checker) simple(form textForm) func(*strictxml.Node) {
	return func(n *strictxml.Node) {
		c.attributes(n, "none")
		if !c.textOnly(n) {
			return
		}
		if allowed := form(n.Text()); allowed != "" {
			c.report(ruleSchema, n, "%.80q; want %s", n.Text(), allowed)
		}
	}
}

// textOnly reports anything but text, on which readers that stop at it and
// readers that go on would differ.
func (c *checker) textOnly(n *strictxml.Node) bool {
	for _, child := range n.Children {
		switch child.Kind {
		case strictxml.Text, strictxml.CData:
			continue
		case strictxml.Element:
			c.report(ruleSchema, n, "element %s inside; want text only", label(child))
		default:
			c.report(ruleSchema, n, "%s inside; want text only", child.Kind)
		}
		return false
	}
	return true
}

func (c *checker) elementsOnly(n *strictxml.Node) {
	if mixed(n) {
		c.report(ruleSchema, n, "text %.80q beside the elements; want elements only", visible(n))
	}
}

// attributes reports every attribute that is not among the allowed ones.
func (c *checker) attributes(n *strictxml.Node, described string, allowed ...strictxml.Name) {
	for _, a := range n.Attributes {
		if slices.Contains(allowed, strictxml.Name{URI: a.URI, Local: a.Local}) || bareParseType(a) {
			c.parseType(n, a)
		} else {
			c.report(ruleSchema, n, "attribute %.80s; want %s", strictxml.Qualified(a.Prefix, a.Local), described)
		}
	}
}

// parseType reports an attribute that is meant to be rdf:parseType and does not
// mean "Resource" to all readers.
func (c *checker) parseType(n *strictxml.Node, a strictxml.Attribute) {
	switch {
	case bareParseType(a):
		c.report(ruleSchema, n, `attribute parseType without the rdf namespace; want rdf:parseType="Resource"`)
	case rdfParseType == (strictxml.Name{URI: a.URI, Local: a.Local}) && a.Value != "Resource":
		c.report(ruleSchema, n, `rdf:parseType %.80q; want "Resource"`, a.Value)
	}
}

// bareParseType reports whether an attribute is the parseType without namespace
// that an old tool writes.
func bareParseType(a strictxml.Attribute) bool {
	return a.URI == "" && a.Local == rdfParseType.Local
}
