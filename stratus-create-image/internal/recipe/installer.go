// Package recipe changes a running guest as the user asked: files, package
// repositories, packages, scripts and commands. It must not know how the guest
// came to run, nor what becomes of it.
package recipe

import (
	"fmt"
	"iter"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Installer is a package manager's name.
type Installer string

// The package managers that we know.
const (
	Apt    Installer = "apt"
	Dnf    Installer = "dnf"
	Yum    Installer = "yum"
	Zypper Installer = "zypper"
	Apk    Installer = "apk"
	Pacman Installer = "pacman"
)

var installers = []Installer{Apt, Dnf, Yum, Zypper, Apk, Pacman}

// ParseInstaller reads a package manager's name.
func ParseInstaller(name string) (Installer, error) {
	if i := Installer(name); slices.Contains(installers, i) {
		return i, nil
	}
	return "", fmt.Errorf("reading the installer %q: apt, dnf, yum, zypper, apk and pacman are allowed", name)
}

// families maps the IDs of os-release(5) to package managers.
var families = map[string]Installer{
	"debian": Apt, "ubuntu": Apt,
	"fedora": Dnf, "rhel": Dnf, "centos": Dnf, "rocky": Dnf, "almalinux": Dnf, "ol": Dnf,
	"scientific": Yum, "scientificlinux": Yum, "sl": Yum, "amzn": Yum,
	"suse": Zypper, "opensuse": Zypper, "sles": Zypper, "opensuse-leap": Zypper, "opensuse-tumbleweed": Zypper,
	"alpine": Apk, "arch": Pacman,
}

// installerFor finds the package manager of an operating system, by its ID or
// those that it resembles. Old members of the Red Hat family have no dnf.
func installerFor(os guest.OS) (Installer, error) {
	for _, id := range append([]string{os.ID}, os.Like...) {
		i, ok := families[id]
		if !ok {
			continue
		}
		if i == Dnf && (os.Version == "6" || os.Version == "7" || strings.HasPrefix(os.Version, "6.") || strings.HasPrefix(os.Version, "7.")) && os.ID != "fedora" {
			return Yum, nil
		}
		return i, nil
	}
	return "", fmt.Errorf("finding the installer of the operating system %q: name it with --installer", os.ID)
}

// packageName matches what the package managers take for a name, a version
// or an architecture included; never an option or a path to run.
var packageName = regexp.MustCompile(`^[A-Za-z0-9@][A-Za-z0-9+._:=~^@/<>-]*$`)

// ParsePackages splits comma-separated lists of packages and checks each name.
func ParsePackages(lists []string) ([]string, error) {
	var packages []string
	for item := range items(lists) {
		if !packageName.MatchString(item) {
			return nil, fmt.Errorf("reading the package %q: no package has such a name", item)
		}
		packages = append(packages, item)
	}
	return packages, nil
}

// ParseInstalls splits comma-separated lists of packages to install: names, and
// local package files. A file begins with "/", "./" or "../", or ends as a
// package file does and exists.
func ParseInstalls(lists []string) (names, files []string, err error) {
	suffixes := allSuffixes()
	for item := range items(lists) {
		isPackage := hasSuffix(item, suffixes)
		info, err := os.Stat(item)
		isFile := err == nil && info.Mode().IsRegular()
		isPath := strings.HasPrefix(item, "/") || strings.HasPrefix(item, "./") || strings.HasPrefix(item, "../")
		switch {
		case isPackage && isFile:
			files = append(files, item)
		case isPath && err != nil:
			return nil, nil, fmt.Errorf("reading the package file: %w", err)
		case isPath:
			return nil, nil, fmt.Errorf("reading the package file %q: a file that ends with one of %s is expected", item, strings.Join(suffixes, ", "))
		case !packageName.MatchString(item):
			return nil, nil, fmt.Errorf("reading the package %q: no package has such a name", item)
		default:
			names = append(names, item)
		}
	}
	return names, files, nil
}

// items yields what stands between the commas of the lists.
func items(lists []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, list := range lists {
			for item := range strings.SplitSeq(list, ",") {
				if item = strings.TrimSpace(item); item != "" && !yield(item) {
					return
				}
			}
		}
	}
}

func hasSuffix(name string, suffixes []string) bool {
	return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) })
}
