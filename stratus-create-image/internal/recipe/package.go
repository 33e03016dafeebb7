package recipe

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Package is a package to install: a name that the repositories know, or the
// path of a local package file.
type Package struct {
	Name  string
	Local bool
}

// packageName matches what the package managers take for a name, a version
// or an architecture included; never an option or a path to run.
var packageName = regexp.MustCompile(`^[A-Za-z0-9@][A-Za-z0-9+._:=~^@/<>-]*$`)

// ParseNames splits a comma-separated list of package names.
func ParseNames(list string) ([]string, error) {
	names := items(list)
	for _, name := range names {
		if !packageName.MatchString(name) {
			return nil, fmt.Errorf("%q is not a valid package name", name)
		}
	}
	return names, nil
}

// ParsePackages splits a comma-separated list of packages to install. A local
// package file begins with "/", "./" or "../", or ends as a package file does
// and exists.
func ParsePackages(list string) ([]Package, error) {
	var packages []Package
	suffixes := allSuffixes()
	for _, item := range items(list) {
		isPackage := hasSuffix(item, suffixes)
		info, err := os.Stat(item)
		isFile := err == nil && info.Mode().IsRegular()
		isPath := strings.HasPrefix(item, "/") || strings.HasPrefix(item, "./") || strings.HasPrefix(item, "../")
		switch {
		case isPackage && isFile:
			packages = append(packages, Package{item, true})
		case isPath && err != nil:
			return nil, fmt.Errorf("reading the package file: %w", err)
		case isPath:
			return nil, fmt.Errorf("%q is not a package file; want one that ends with %s", item, strings.Join(suffixes, ", "))
		case !packageName.MatchString(item):
			return nil, fmt.Errorf("%q is not a valid package name", item)
		default:
			packages = append(packages, Package{item, false})
		}
	}
	return packages, nil
}

// names returns the names of the local packages or of the others.
func names(packages []Package, local bool) []string {
	var names []string
	for _, p := range packages {
		if p.Local == local {
			names = append(names, p.Name)
		}
	}
	return names
}

// items splits a list at its commas, without empty items.
func items(list string) []string {
	all := strings.Split(list, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(item string) bool { return item == "" })
}

func hasSuffix(name string, suffixes []string) bool {
	return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}
