package recipe

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// manager holds the commands of a package manager. Packages follow the words of
// those that take packages. No command asks questions, and all check signatures.
type manager struct {
	refresh  []string // read the repositories anew
	upgrade  []string // bring every installed package up to date
	remove   []string // installed packages
	install  []string // packages of the repositories
	local    []string // package files, with what they need from the repositories
	unsigned []string // more options, if a repository without signatures is added
	suffixes []string // of its package files
	success  []int    // exit codes of success besides 0
}

// Options of apt. Error-Mode=any: without it an unreachable mirror is only a
// warning. Languages=none: translated descriptions are not needed.
var (
	aptGet     = []string{"apt-get", "-q", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"}
	aptRefresh = join(aptGet, "-o", "APT::Update::Error-Mode=any", "-o", "Acquire::Languages=none", "update")
	aptChange  = join(aptGet, "-y", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
	zypper     = []string{"zypper", "--non-interactive"}
)

var pacmanSuffixes = []string{".pkg.tar.zst", ".pkg.tar.xz", ".pkg.tar.gz", ".pkg.tar"}

// managers are the package managers that we know.
//
// The user vouches for a package file: its own signature is not checked, those of
// the packages that it needs are.
var managers = map[Installer]manager{
	Apt: {
		refresh:  aptRefresh,
		upgrade:  join(aptChange, "dist-upgrade"),
		remove:   join(aptChange, "purge", "--"),
		install:  join(aptChange, "install", "--"),
		local:    join(aptChange, "install", "--"),
		suffixes: []string{".deb"},
	},
	Dnf: {
		refresh:  []string{"dnf", "-y", "--refresh", "makecache"},
		upgrade:  []string{"dnf", "-y", "upgrade"},
		remove:   []string{"dnf", "-y", "remove", "--"},
		install:  []string{"dnf", "-y", "install", "--"},
		local:    []string{"dnf", "-y", "install", "--"},
		suffixes: []string{".rpm"},
	},
	// yum's makecache loads lists that are not needed.
	Yum: {
		refresh:  []string{"yum", "-y", "clean", "expire-cache"},
		upgrade:  []string{"yum", "-y", "update"},
		remove:   []string{"yum", "-y", "remove", "--"},
		install:  []string{"yum", "-y", "install", "--"},
		local:    []string{"yum", "-y", "install", "--"},
		suffixes: []string{".rpm"},
	},
	// 102 and 103: a reboot, or a newer zypper, should follow.
	Zypper: {
		refresh:  join(zypper, "refresh"),
		upgrade:  join(zypper, "update"),
		remove:   join(zypper, "remove", "--"),
		install:  join(zypper, "install", "--"),
		local:    join(zypper, "install", "--allow-unsigned-rpm", "--"),
		suffixes: []string{".rpm"},
		success:  []int{102, 103},
	},
	Apk: {
		refresh:  []string{"apk", "update"},
		upgrade:  []string{"apk", "upgrade"},
		remove:   []string{"apk", "del", "--"},
		install:  []string{"apk", "add", "--"},
		local:    []string{"apk", "add", "--allow-untrusted", "--"},
		unsigned: []string{"--allow-untrusted"},
		suffixes: []string{".apk"},
	},
	Pacman: {
		refresh:  []string{"pacman", "-Sy", "--noconfirm"},
		upgrade:  []string{"pacman", "-Su", "--noconfirm"},
		remove:   []string{"pacman", "-Rn", "--noconfirm", "--"},
		install:  []string{"pacman", "-S", "--noconfirm", "--needed", "--"},
		local:    []string{"pacman", "-U", "--noconfirm", "--needed", "--"},
		suffixes: pacmanSuffixes,
	},
}

// join returns the first words with more after them, in new memory.
func join(first []string, more ...string) []string { return slices.Concat(first, more) }

// command returns the program and the arguments of one run of a package manager.
// Packages follow "--", so that none of them is an option.
func (i Installer) command(base, packages []string, c conditions) []string {
	var options []string
	if c.config != "" {
		options = append(options, "--config="+c.config)
	}
	if c.unsigned {
		options = append(options, managers[i].unsigned...)
	}
	// The first word is the program; every option may follow it.
	argv := slices.Concat(base[:1], options, base[1:], packages)
	if i == Apt {
		return join([]string{"env", "DEBIAN_FRONTEND=noninteractive"}, argv...)
	}
	return argv
}

// conditions apply to all runs of the package manager in one build.
type conditions struct {
	unsigned    bool   // a repository without signatures was added
	environment string // a file in the guest that sets its environment, or empty
	config      string // a file in the guest with dnf's or yum's settings, or empty
}

// allSuffixes returns the suffixes of every kind of package file.
func allSuffixes() []string {
	var all []string
	for _, i := range installers {
		for _, suffix := range managers[i].suffixes {
			if !slices.Contains(all, suffix) {
				all = append(all, suffix)
			}
		}
	}
	return all
}

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

// ErrNoInstaller is wrapped by the error about an operating system whose package
// manager is not known.
var ErrNoInstaller = errors.New("not supported")

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
	return "", fmt.Errorf("finding the package manager of the operating system %q: %w", os.ID, ErrNoInstaller)
}
