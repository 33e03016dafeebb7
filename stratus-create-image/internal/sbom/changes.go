package sbom

import "slices"

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
