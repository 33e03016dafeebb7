package page

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/strictxml"
)

const rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

// object is the object of a triple as RDF 1.1 JSON has it.
type object struct {
	Type     string `json:"type"` // uri, literal or bnode
	Value    string `json:"value"`
	Lang     string `json:"lang,omitempty"`
	Datatype string `json:"datatype,omitempty"`
}

// maxGraph bounds the length of all names and values of a graph, in bytes. A
// document of 1 MiB can stand for gigabytes: one long namespace, many names.
const maxGraph = 8 << 20

// RDFJSON writes what the signed document says, without its signature, in the
// form of RDF 1.1 JSON. A document that stands for more than 8 MiB of names and
// values is an error that wraps entry.ErrInvalid.
func RDFJSON(e *entry.Entry) ([]byte, error) {
	doc, err := canonical(e)
	if err != nil {
		return nil, err
	}
	g := graph{triples: map[string]map[string][]object{}}
	at := g.enter(scope{base: &url.URL{}}, doc.Root)
	for _, n := range elements(doc.Root) {
		g.node(n, at)
	}
	if g.spent > maxGraph {
		return nil, fmt.Errorf("%w: names and values of more than %d bytes in %q", entry.ErrInvalid, maxGraph, e.Path())
	}
	return marshal(g.triples)
}

// canonical reads what was signed: no signature is in it, and no comment.
func canonical(e *entry.Entry) (*strictxml.Document, error) {
	// The canonical form repeats no more than the namespaces, and attributes
	// with more escapes.
	doc, err := strictxml.Parse(e.Endorsed.Canonical, strictxml.Limits{Bytes: 8 * signature.MaxBytes})
	if err != nil {
		return nil, fmt.Errorf("reading the canonical form of %q: %w", e.Path(), err)
	}
	return doc, nil
}

// graph collects triples: subject, predicate, objects.
type graph struct {
	triples map[string]map[string][]object
	blank   int
	spent   int // bytes of names and values so far; past maxGraph nothing is added
}

func (g *graph) add(subject, predicate string, o object) {
	if g.spent += len(predicate) + len(o.Value); g.spent > maxGraph {
		return
	}
	if g.triples[subject] == nil {
		g.triples[subject] = map[string][]object{}
	}
	g.triples[subject][predicate] = append(g.triples[subject][predicate], o)
}

func (g *graph) newBlank() string {
	g.blank++
	return "_:b" + strconv.Itoa(g.blank)
}

// reference is the object that is a thing.
func reference(name string) object {
	if strings.HasPrefix(name, "_:") {
		return object{Type: "bnode", Value: name}
	}
	return object{Type: "uri", Value: name}
}

// node reads an element that stands for a thing and gives its name.
func (g *graph) node(n *strictxml.Node, at scope) string {
	at = g.enter(at, n)
	subject := ""
	for _, a := range n.Attributes {
		switch {
		case a.URI == rdf && a.Local == "about":
			subject = g.resolve(at, a.Value)
		case a.URI == rdf && a.Local == "ID":
			subject = g.resolve(at, "#"+a.Value)
		case a.URI == rdf && a.Local == "nodeID":
			subject = "_:n" + a.Value
		}
	}
	if subject == "" {
		subject = g.newBlank()
	}
	if n.URI != rdf || n.Local != "Description" {
		g.add(subject, rdf+"type", object{Type: "uri", Value: n.URI + n.Local})
	}
	g.attributes(subject, n, at)
	g.properties(subject, n, at)
	return subject
}

// attributes reads those attributes of an element that stand for properties.
func (g *graph) attributes(subject string, n *strictxml.Node, at scope) {
	for _, a := range foreign(n) {
		g.add(subject, a.URI+a.Local, object{Type: "literal", Value: a.Value, Lang: at.lang})
	}
}

// properties reads the elements inside one that stands for a thing.
func (g *graph) properties(subject string, n *strictxml.Node, at scope) {
	members := 0
	for _, child := range elements(n) {
		if g.spent > maxGraph {
			return
		}
		predicate := child.URI + child.Local
		if predicate == rdf+"li" {
			members++
			predicate = rdf + "_" + strconv.Itoa(members)
		}
		inner := g.enter(at, child)
		o := g.value(child, inner)
		g.add(subject, predicate, o)
		if id, ok := attribute(child, rdf, "ID"); ok {
			g.reify(g.resolve(inner, "#"+id), subject, predicate, o)
		}
	}
}

// value gives the object of a property.
func (g *graph) value(n *strictxml.Node, at scope) object {
	if isResource(n) {
		name := g.newBlank()
		g.properties(name, n, at)
		return reference(name)
	}
	if uri, ok := attribute(n, rdf, "resource"); ok {
		name := g.resolve(at, uri)
		g.attributes(name, n, at)
		return reference(name)
	}
	if id, ok := attribute(n, rdf, "nodeID"); ok {
		g.attributes("_:n"+id, n, at)
		return reference("_:n" + id)
	}
	if inner := elements(n); len(inner) > 0 {
		return reference(g.node(inner[0], at))
	}
	if len(foreign(n)) > 0 {
		name := g.newBlank()
		g.attributes(name, n, at)
		return reference(name)
	}
	if datatype, ok := attribute(n, rdf, "datatype"); ok {
		return object{Type: "literal", Value: text(n), Datatype: g.resolve(at, datatype)}
	}
	return object{Type: "literal", Value: text(n), Lang: at.lang}
}

// reify says of a triple with a name what it is.
func (g *graph) reify(name, subject, predicate string, o object) {
	g.add(name, rdf+"type", object{Type: "uri", Value: rdf + "Statement"})
	g.add(name, rdf+"subject", reference(subject))
	g.add(name, rdf+"predicate", object{Type: "uri", Value: predicate})
	g.add(name, rdf+"object", o)
}

// scope is what elements pass on to those inside them.
type scope struct {
	base *url.URL
	lang string
}

func (g *graph) enter(at scope, n *strictxml.Node) scope {
	if uri, ok := attribute(n, strictxml.XMLNamespace, "base"); ok {
		if base, err := url.Parse(g.resolve(at, uri)); err == nil {
			at.base = base
		}
	}
	if lang, ok := attribute(n, strictxml.XMLNamespace, "lang"); ok {
		at.lang = lang
	}
	return at
}

// resolve makes a URI absolute; what cannot be stays as it is.
func (g *graph) resolve(at scope, uri string) string {
	if absolute, err := at.base.Parse(uri); err == nil {
		uri = absolute.String()
	}
	g.spent += len(uri)
	return uri
}
