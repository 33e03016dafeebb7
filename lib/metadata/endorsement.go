package metadata

import (
	"strings"

	"github.com/beevik/etree"
)

// Endorsement says who vouches for a document, in the words of the document.
// Only a verified signature makes them more than words.
type Endorsement struct {
	Created string // time of signing, see ParseTime
	Email   string
	Subject string   // distinguished name of the certificate
	Issuers []string // distinguished names, at least one in a complete document
}

// Endorsement returns what stands at the place of the endorsement, false when
// there is none or an empty one. Check tells whether it is sound.
func (d *Document) Endorsement() (Endorsement, bool) {
	found := d.children(d.description, endorsement.expanded())
	if len(found) == 0 || empty(found[0]) {
		return Endorsement{}, false
	}
	e := Endorsement{Created: d.textAt(found[0], Created)}
	if endorsers := d.children(found[0], endorser.expanded()); len(endorsers) > 0 {
		e.Email = d.textAt(endorsers[0], email)
		e.Subject = d.textAt(endorsers[0], subject)
		for _, child := range d.children(endorsers[0], issuer.expanded()) {
			e.Issuers = append(e.Issuers, text(child))
		}
	}
	return e, true
}

// Signed tells whether there is an XML signature anywhere in the document, be
// it good or bad.
func (d *Document) Signed() bool {
	return d.signedWithin(d.tree.Root())
}

func (d *Document) signedWithin(e *etree.Element) bool {
	for _, child := range e.ChildElements() {
		if d.names[child] == signatureName || d.signedWithin(child) {
			return true
		}
	}
	return false
}

// Unsign removes every XML signature, and every endorsement but an empty one at
// its place, which a signer will fill. It tells whether anything was lost.
func (d *Document) Unsign() bool {
	lost := false
	var strip func(e *etree.Element)
	strip = func(e *etree.Element) {
		remove(e, func(child *etree.Element) bool {
			switch d.names[child] {
			case signatureName:
				lost = true
				return true
			case endorsement.expanded():
				lost = lost || !empty(child)
				return true
			}
			strip(child)
			return false
		})
	}
	strip(d.tree.Root())
	d.insert(endorsement, d.newResource(endorsement))
	return lost
}

// empty tells whether e contains neither an element nor text.
func empty(e *etree.Element) bool {
	return len(e.ChildElements()) == 0 && strings.Trim(text(e), whiteSpace) == ""
}
