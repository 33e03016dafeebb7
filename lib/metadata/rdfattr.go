package metadata

import (
	"slices"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// Names of the rdf namespace that have a place of their own in the grammar.
var (
	forbiddenProperty = []string{"RDF", "Description", "ID", "about", "parseType", "resource", "nodeID", "datatype",
		"bagID", "aboutEach", "aboutEachPrefix"}
	forbiddenNode = []string{"RDF", "ID", "about", "parseType", "resource", "nodeID", "datatype", "li",
		"bagID", "aboutEach", "aboutEachPrefix"}
	propertyAttributes = []string{"ID", "parseType", "resource", "nodeID", "datatype"}
	nodeAttributes     = []string{"ID", "about", "nodeID"}
)

// rdfAttributes are the attributes of an element as RDF/XML sorts them.
type rdfAttributes struct {
	rdf    []string // those of the grammar
	others bool     // whether there are any that stand for properties
}

func (a rdfAttributes) has(name string) bool { return slices.Contains(a.rdf, name) }

// attributesOf sorts the attributes of an element, of which those of the rdf
// namespace must be among the given ones, and checks their values.
func (r *rdfChecker) attributesOf(n *strictxml.Node, grammar []string) rdfAttributes {
	var sorted rdfAttributes
	for _, a := range n.Attributes {
		switch {
		case a.URI == strictxml.XMLNamespace:
		case bareParseType(a):
			// the schema has reported it
		case a.URI == "":
			r.report(ruleRDF, n, "attribute %.80s without a namespace; want attributes of a namespace", a.Local)
		case a.URI != rdfNamespace:
			sorted.others = true
		case !slices.Contains(grammar, a.Local):
			r.report(ruleRDF, n, "attribute rdf:%.80s; not allowed here", a.Local)
		default:
			sorted.rdf = append(sorted.rdf, a.Local)
			r.attributeValue(n, a)
		}
	}
	return sorted
}

func (r *rdfChecker) attributeValue(n *strictxml.Node, a strictxml.Attribute) {
	switch a.Local {
	case "about", "resource", "datatype":
		if allowed := uriForm(a.Value); allowed != "" {
			r.report(ruleRDF, n, "rdf:%s %.80q; want %s", a.Local, a.Value, allowed)
		}
	case "ID", "nodeID":
		if !strictxml.ValidName(a.Value) {
			r.report(ruleRDF, n, "rdf:%s %.80q; want a name", a.Local, a.Value)
		}
		if a.Local == "ID" && r.ids[a.Value] {
			r.report(ruleRDF, n, "second rdf:ID %.80q; want one of each", a.Value)
		}
		r.ids[a.Value] = r.ids[a.Value] || a.Local == "ID"
	}
}
