package metadata

import "github.com/stratuslab/stratus/lib/strictxml"

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
	name := strictxml.Name{URI: x.Namespace, Local: x.Name}
	if d.replaceText(name, value) {
		return
	}
	e := strictxml.NewElement(d.prefix(x.Prefix, x.Namespace), name)
	e.SetText(value)
	if others := d.description.Elements(); len(others) > 0 {
		insertAfter(e, others[len(others)-1])
	} else {
		fill(d.description, d.description.Indent(), e)
	}
}
