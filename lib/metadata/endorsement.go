package metadata

import (
	"github.com/stratuslab/stratus/lib/strictxml"
)

// Endorsement is who vouches for a document, in the words of the document.
// Only a verified signature makes them more than words.
type Endorsement struct {
	Created string // time of signing, see ParseTime
	Email   string
	Subject string   // distinguished name of the certificate
	Issuers []string // distinguished names, at least one in a complete document
}

// Endorsement returns what stands at the place of the endorsement, false when
// there is none or an empty one. Check finds out whether it is sound.
func (d *Document) Endorsement() (Endorsement, bool) {
	found := named(d.description, endorsement)
	if len(found) == 0 || empty(found[0]) {
		return Endorsement{}, false
	}
	e := Endorsement{Created: textIn(found[0], Created)}
	if endorsers := named(found[0], endorser); len(endorsers) > 0 {
		e.Email = textIn(endorsers[0], email)
		e.Subject = textIn(endorsers[0], subject)
		for _, child := range named(endorsers[0], issuer) {
			e.Issuers = append(e.Issuers, child.AllText())
		}
	}
	return e, true
}

// Signed reports whether there is an XML signature anywhere in the document, be
// it good or bad.
func (d *Document) Signed() bool { return len(d.tree.Root.Descendants(signatureName)) > 0 }

// Unsign removes every XML signature, and every endorsement but an empty one at
// its place, which a signer will fill. It reports whether anything was lost.
func (d *Document) Unsign() bool { return d.unsign(true) }

// unsign is Unsign. Without everywhere, endorsements that are not directly under the
// Description stay, which Check does not accept.
func (d *Document) unsign(everywhere bool) bool {
	lost := false
	var strip func(e *strictxml.Node)
	strip = func(e *strictxml.Node) {
		remove(e, func(child *strictxml.Node) bool {
			switch {
			case child.Name() == signatureName:
				lost = true
				return true
			case child.Name() == endorsement.expanded() && (everywhere || e == d.description):
				lost = lost || !empty(child)
				return true
			}
			strip(child)
			return false
		})
	}
	strip(d.tree.Root)
	d.insert(endorsement, d.newResource(endorsement))
	return lost
}

// Endorse makes by the one endorsement of the Description, with its first issuer,
// and removes every XML signature.
func (d *Document) Endorse(by Endorsement) {
	d.unsign(false)
	e := named(d.description, endorsement)[0]
	who := d.newResource(endorser)
	indent := e.Indent()
	fill(e, indent, d.newText(Created, by.Created), who)
	if indent != "" {
		indent += indentStep
	}
	fill(who, indent, d.newText(email, by.Email), d.newText(subject, by.Subject), d.newText(issuer, by.Issuers[0]))
}

// AppendSignature puts a signature, which is an XML signature on its own, at the
// end of the document.
func (d *Document) AppendSignature(signature *strictxml.Node) { d.tree.Root.Append(signature) }

// empty reports whether e contains neither an element nor text.
func empty(e *strictxml.Node) bool { return len(e.Elements()) == 0 && !mixed(e) }
