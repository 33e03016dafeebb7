// Package sbom writes the software bill of materials of an image: which
// packages the databases in the guest list, and which of them a build has
// brought. It must not know how the guest was reached or changed, nor what
// becomes of the file.
package sbom

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Package is one installed package, as in the database of the guest.
type Package struct {
	Kind    string // of the package: deb, rpm, apk or alpm, as package URLs have it
	Name    string
	Version string // with epoch and release where there are any
	Arch    string // empty where the database has none
	License string // in the words of the database, empty where it has none
}

// Packages are the packages in the databases of a guest.
type Packages struct {
	List []Package // sorted, each once
	// Unread is the number of records that are left out: without a name, or with
	// characters that cannot be printed.
	Unread int
}

// add adds a record of a database.
func (p *Packages) add(one Package) {
	one.License = printable(strings.Join(strings.Fields(one.License), " "))
	if one.Name == "" || one.Version == "" || !sound(one.Name) || !sound(one.Version) || !sound(one.Arch) {
		p.Unread++
		return
	}
	p.List = append(p.List, one)
}

// maxText bounds what is taken over from one field, in bytes.
const maxText = 4096

// sound reports whether a text can identify a package.
func sound(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r)
	})
}

// printable replaces what is no text; old packages are not all UTF-8.
func printable(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxText)], "\uFFFD")
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

func (p *Packages) sort() {
	slices.SortFunc(p.List, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version),
			cmp.Compare(a.Arch, b.Arch), cmp.Compare(a.License, b.License))
	})
	p.List = slices.CompactFunc(p.List, func(a, b Package) bool { return a.key() == b.key() && a.Version == b.Version })
}

// key is what stays when a package is upgraded.
type key struct{ kind, name, arch string }

func (p Package) key() key { return key{p.Kind, p.Name, p.Arch} }

// changes returns what a build has done to the packages.
type changes struct {
	added    map[Package]bool
	upgraded map[Package]string // the version that is gone
	removed  []Package          // of which no version is left
}

// compare finds the changes. Of some packages, such as kernels, several
// versions are installed side by side: one that is new is an upgrade only where
// another is gone.
func compare(before, after Packages) changes {
	c := changes{added: map[Package]bool{}, upgraded: map[Package]string{}}
	old, now := byKey(before), byKey(after)
	for k, packages := range now {
		gone := without(old[k], packages)
		for i, p := range without(packages, old[k]) {
			if i < len(gone) {
				c.upgraded[p] = gone[i].Version
			} else {
				c.added[p] = true
			}
		}
	}
	for _, p := range before.List {
		if len(now[p.key()]) == 0 {
			c.removed = append(c.removed, p)
		}
	}
	return c
}

func byKey(p Packages) map[key][]Package {
	m := map[key][]Package{}
	for _, one := range p.List {
		m[one.key()] = append(m[one.key()], one)
	}
	return m
}

// without returns the packages whose versions are not among the others.
func without(packages, others []Package) []Package {
	there := make(map[string]bool, len(others))
	for _, other := range others {
		there[other.Version] = true
	}
	return slices.DeleteFunc(slices.Clone(packages), func(p Package) bool { return there[p.Version] })
}
