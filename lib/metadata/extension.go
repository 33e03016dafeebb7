package metadata

import "github.com/beevik/etree"

// Extension names a kind of element that StratusLab does not know, by a
// namespace that is none of the documents' own, a local name, and the prefix
// that the namespace gets where the document declares none for it. Readers pass
// over what they do not know, and Check accepts it.
type Extension struct{ Namespace, Prefix, Name string }

// SBOM holds the SHA-256, in hexadecimal, of the file that lists the packages
// in the image: its software bill of materials.
var SBOM = Extension{"https://stratuslab.github.io/terms#", "stratus", "sbom-sha256"}

// SetExtension makes value the text of the one element of the kind directly
// under the Description, as SetText does; a new one is put after all others.
func (d *Document) SetExtension(x Extension, value string) {
	name := expandedName{x.Namespace, x.Name}
	if present := d.children(d.description, name); len(present) > 0 {
		if !holds(present[0], value) {
			setText(present[0], value)
		}
		d.drop(present[1:])
		return
	}
	e := etree.NewElement(qualified(d.bind(x.Prefix, x.Namespace), x.Name))
	d.names[e] = name
	setText(e, value)
	if others := d.description.ChildElements(); len(others) > 0 {
		insertAfter(e, others[len(others)-1])
	} else {
		d.fill(e)
	}
}

// bind returns a prefix that stands for the namespace under the Description,
// the given one if it is free. It is declared on the root where there is none.
func (d *Document) bind(prefix, namespace string) string {
	bound := d.bindings()
	for ; bound[prefix] != namespace; prefix += "_" {
		if _, taken := bound[prefix]; !taken {
			root := d.tree.Root()
			root.Attr = append(root.Attr, declare(prefix, namespace))
			break
		}
	}
	return prefix
}
