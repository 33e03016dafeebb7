package xmldsig

import (
	"encoding/base64"
	"strings"

	"github.com/stratuslab/stratus/lib/strictxml"
)

// element is one of the elements of a signature, in which only elements of the
// signature and white space between them may stand.
type element struct{ *strictxml.Node }

// find returns the one signature of the document.
func find(root *strictxml.Node) (element, error) {
	found := signatures(root)
	switch {
	case root.URI == Namespace:
		return element{}, badf("the root element is itself part of a signature")
	case len(found) == 0:
		return element{}, noSignature{}
	case len(found) > 1:
		return element{}, badf("%d Signature elements; want one", len(found))
	case found[0].Parent != root:
		return element{}, badf("the Signature is inside %.80s; want as child of the root element", found[0].Parent.Local)
	}
	for i := len(root.Children) - 1; root.Children[i] != found[0]; i-- {
		if root.Children[i].Kind == strictxml.Element {
			return element{}, badf("%.80s after the Signature; want the Signature as last element of the root", root.Children[i].Local)
		}
	}
	return element{found[0]}, nil
}

// children returns the elements in e, which must have these names in this order.
func (e element) children(names ...string) ([]element, error) {
	all, err := e.elements()
	if err != nil {
		return nil, err
	}
	for i, child := range all {
		if i >= len(names) || child.Local != names[i] {
			return nil, badf("%.80s in %s; want %s", child.Local, e.Local, strings.Join(names, ", "))
		}
	}
	if len(all) < len(names) {
		return nil, badf("no %s in %s", names[len(all)], e.Local)
	}
	return all, nil
}

// elements returns the elements in e, all of which must be those of a signature.
func (e element) elements() ([]element, error) {
	var all []element
	for _, child := range e.Children {
		switch child.Kind {
		case strictxml.Element:
			if child.URI != Namespace {
				return nil, badf("%.80s of namespace %.80q in %s", child.Local, child.URI, e.Local)
			}
			all = append(all, element{child})
		case strictxml.Text:
			if strings.Trim(child.Data, strictxml.WhiteSpace) != "" {
				return nil, badf("text %.80q in %s", strings.Trim(child.Data, strictxml.WhiteSpace), e.Local)
			}
		default:
			return nil, badf("%s in %s; want elements only", child.Kind, e.Local)
		}
	}
	return all, nil
}

// list returns the elements in e, all of which must have the name. e has no attribute.
func (e element) list(name string) ([]element, error) {
	if err := e.bare(); err != nil {
		return nil, err
	}
	all, err := e.elements()
	for _, child := range all {
		if child.Local != name {
			return nil, badf("%.80s in %s; want %s", child.Local, e.Local, name)
		}
	}
	return all, err
}

// bare makes sure that e has no attribute.
func (e element) bare() error {
	if len(e.Attributes) > 0 {
		return badf("attribute %.80s of %s; want none", e.Attributes[0].Local, e.Local)
	}
	return nil
}

// only returns the value of the only attribute that e has.
func (e element) only(name string) (string, error) {
	if len(e.Attributes) != 1 || e.Attributes[0].URI != "" || e.Attributes[0].Local != name {
		return "", badf("attributes of %s; required is %s, and none else", e.Local, name)
	}
	return e.Attributes[0].Value, nil
}

var noWhiteSpace = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")

// base64 returns the bytes that e holds.
func (e element) base64() ([]byte, error) {
	if err := e.bare(); err != nil {
		return nil, err
	}
	var text strings.Builder
	for _, child := range e.Children {
		if child.Kind != strictxml.Text {
			return nil, badf("%s in %s; want text only", child.Kind, e.Local)
		}
		text.WriteString(child.Data)
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(noWhiteSpace.Replace(text.String()))
	if err != nil || len(decoded) == 0 {
		return nil, badf("%s is not base64", e.Local)
	}
	return decoded, nil
}
