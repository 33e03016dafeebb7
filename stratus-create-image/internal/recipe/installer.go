// Package recipe changes a running guest as the user asked: files, package
// repositories, packages, scripts and commands. It must not know how the guest
// came to run, nor what becomes of it.
package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/words"
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

// InstallerFor finds the package manager of an operating system, by its ID or
// those that it resembles. Old members of the Red Hat family have no dnf.
func InstallerFor(os guest.OS) (Installer, error) {
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

// install is the shell command that installs packages: without questions, and
// with signatures checked. Words of the user's are quoted.
func (i Installer) install(packages []string) string {
	list := words.Join(packages...)
	switch i {
	case Apt:
		// Error-Mode=any: without it an unreachable mirror is only a warning.
		// Languages=none: nobody reads translated descriptions here.
		const apt = "DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "
		return apt + "-o APT::Update::Error-Mode=any -o Acquire::Languages=none update && " +
			apt + "-y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install -- " + list
	case Dnf:
		return "dnf -y install -- " + list
	case Yum:
		return "yum -y install -- " + list
	case Zypper:
		return "zypper --non-interactive refresh && zypper --non-interactive install -- " + list
	case Apk:
		return "apk update && apk add -- " + list
	default:
		return "pacman -Sy --noconfirm --needed -- " + list
	}
}

// packageName matches what the package managers take for a name, a version
// or an architecture included; never an option or a path to run.
var packageName = regexp.MustCompile(`^[A-Za-z0-9@][A-Za-z0-9+._:=~^@/<>-]*$`)

// ParsePackages splits comma-separated lists and checks each name.
func ParsePackages(lists []string) ([]string, error) {
	var packages []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.TrimSpace(name)
			if name == "" {
				continue
			}
			if !packageName.MatchString(name) {
				return nil, fmt.Errorf("reading the package %q: no package has such a name", name)
			}
			packages = append(packages, name)
		}
	}
	return packages, nil
}
