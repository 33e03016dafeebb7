package metadata

import (
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// rdf checks the grammar of RDF/XML, which wants elements to stand for a thing
// and for a property of it in turn, where the schema leaves it open.
func (c *checker) rdf(description *strictxml.Node) {
	r := rdfChecker{c, map[string]bool{}}
	for _, n := range description.Elements() {
		r.property(n)
	}
}

type rdfChecker struct {
	*checker
	ids map[string]bool // values of rdf:ID, which may be used once
}

// property checks an element that stands for a property.
func (r *rdfChecker) property(n *strictxml.Node) {
	switch {
	case n.URI == slreqNamespace:
		r.required(n)
		return
	case holdsText(n):
		return // the schema says all
	case n.URI == "":
		r.report(ruleRDF, n, "element without a namespace; want elements of a namespace of their own")
		return
	case n.URI == rdfNamespace && slices.Contains(forbiddenProperty, n.Local):
		r.report(ruleRDF, n, "not allowed as a property")
		return
	}
	a := r.attributesOf(n, propertyAttributes)
	children := n.Elements()
	switch {
	case a.has("parseType"):
		r.resource(n, a)
		r.elementsBesideText(n)
		for _, child := range children {
			r.property(child)
		}
	case a.has("resource") || a.has("nodeID") || a.others:
		r.reference(n, a)
	case len(children) == 1:
		if a.has("datatype") {
			r.report(ruleRDF, n, "rdf:datatype on an element that holds an element; want on text only")
		}
		r.elementsBesideText(n)
		r.node(children[0])
	case len(children) > 1:
		r.report(ruleRDF, n, `%d elements inside; want one rdf:Description or, with rdf:parseType="Resource", properties`, len(children))
	}
}

// required checks the elements of StratusLab that hold elements.
func (r *rdfChecker) required(n *strictxml.Node) {
	if is(n, checksum) || is(n, endorsement) || is(n, endorser) {
		if _, ok := n.Attribute(rdfParseType); !ok {
			r.report(ruleRDF, n, "no attribute rdf:parseType; it must be \"Resource\"")
		}
	}
	for _, child := range named(n, endorser) {
		r.required(child)
	}
}

// node checks an element that stands for a thing.
func (r *rdfChecker) node(n *strictxml.Node) {
	switch {
	case n.URI == slreqNamespace || holdsText(n):
		r.report(ruleRDF, n, `property in the place of a thing; the element around it needs rdf:parseType="Resource"`)
		return
	case n.URI == "" || n.URI == rdfNamespace && slices.Contains(forbiddenNode, n.Local):
		r.report(ruleRDF, n, "not allowed as a thing; want rdf:Description and elements of a namespace of their own")
		return
	}
	a := r.attributesOf(n, nodeAttributes)
	if len(a.rdf) > 1 {
		r.report(ruleRDF, n, "attributes %s together; want one of them", strings.Join(a.rdf, ", "))
	}
	r.elementsBesideText(n)
	for _, child := range n.Elements() {
		r.property(child)
	}
}

// reference checks a property whose value its attributes describe.
func (r *rdfChecker) reference(n *strictxml.Node, a rdfAttributes) {
	if len(n.Elements()) > 0 || n.Text() != "" {
		r.report(ruleRDF, n, "content beside attributes that stand for it; want one or the other")
	}
	if a.has("datatype") {
		r.report(ruleRDF, n, "rdf:datatype without text; want on text only")
	}
	if a.has("resource") && a.has("nodeID") {
		r.report(ruleRDF, n, "rdf:resource and rdf:nodeID together; want one of them")
	}
}

// resource checks the attributes of a property that holds properties.
func (r *rdfChecker) resource(n *strictxml.Node, a rdfAttributes) {
	for _, other := range a.rdf {
		if other != "parseType" && other != "ID" {
			r.report(ruleRDF, n, "rdf:%s beside rdf:parseType; want one of them", other)
		}
	}
	if a.others {
		r.report(ruleRDF, n, "property as attribute beside rdf:parseType; want an element inside")
	}
}

func (r *rdfChecker) elementsBesideText(n *strictxml.Node) {
	if mixed(n) {
		r.report(ruleRDF, n, "text %.80q beside elements; want one or the other", visible(n))
	}
}

// holdsText reports whether the schema allows only text in an element.
func holdsText(n *strictxml.Node) bool {
	return n.URI == dctermsNamespace || n.URI == sltermsNamespace && sltermsForms[n.Local] != nil
}
