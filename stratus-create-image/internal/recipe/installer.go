package recipe

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/fault"
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

// ParseInstaller returns the package manager of that name.
func ParseInstaller(name string) (Installer, error) {
	if i := Installer(name); slices.Contains(installers, i) {
		return i, nil
	}
	return "", errors.New("this package manager is not supported; want apt, dnf, yum, zypper, apk or pacman")
}

// families maps the IDs of os-release(5) to package managers.
var families = map[string]Installer{
	"debian": Apt, "ubuntu": Apt,
	"fedora": Dnf, "rhel": Dnf, "centos": Dnf, "rocky": Dnf, "almalinux": Dnf, "ol": Dnf,
	"scientific": Yum, "scientificlinux": Yum, "sl": Yum, "amzn": Yum,
	"suse": Zypper, "opensuse": Zypper, "sles": Zypper, "opensuse-leap": Zypper, "opensuse-tumbleweed": Zypper,
	"alpine": Apk, "arch": Pacman,
}

// installerFor returns the package manager of an operating system, by its ID or
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
	return "", fault.WithHint(fmt.Errorf("finding the package manager of the operating system %q: it is not known", os.ID), "name it with --installer")
}
