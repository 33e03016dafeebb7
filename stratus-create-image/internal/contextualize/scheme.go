// Package contextualize tells a new machine who may log in to it and what to
// do, in the ways that images know: small disks for cloud-init, OpenNebula,
// StratusLab and HEPiX. It must not know what starts the machine, and runs
// nothing itself.
package contextualize

import (
	"fmt"
	"slices"
	"strings"
)

// Scheme is a way in which a machine is told.
type Scheme string

// The schemes of --context.
const (
	Auto        Scheme = "auto"          // every way that does not conflict
	CloudInit   Scheme = "cloud-init"    // NoCloud and ConfigDrive
	NoCloud     Scheme = "nocloud"       // cloud-init's own disk, cidata
	ConfigDrive Scheme = "config-drive"  // OpenStack's disk, config-2, version 2
	OpenNebula  Scheme = "opennebula"    // the disk CONTEXT
	StratusLab  Scheme = "stratuslab"    // the disk _STRATUSLAB with init.sh
	HEPiX       Scheme = "hepix"         // the same with prolog.sh and epilog.sh
	None        Scheme = "none"          // nothing
	CloudInitV1 Scheme = "cloud-init-v1" // the original's cloud-init.txt, which no machine reads
)

var schemes = []Scheme{Auto, CloudInit, NoCloud, ConfigDrive, OpenNebula, StratusLab, HEPiX, None}

// ParseScheme reads the name of a scheme that a machine can be started with.
func ParseScheme(name string) (Scheme, error) { return parse(name, schemes) }

// ParsePrintable reads the name of a scheme that has files to print.
func ParsePrintable(name string) (Scheme, error) {
	return parse(name, append(slices.DeleteFunc(slices.Clone(schemes), func(s Scheme) bool { return s == None }), CloudInitV1))
}

func parse(name string, allowed []Scheme) (Scheme, error) {
	if slices.Contains(allowed, Scheme(name)) {
		return Scheme(name), nil
	}
	names := make([]string, len(allowed))
	for i, s := range allowed {
		names[i] = string(s)
	}
	return "", fmt.Errorf("reading the context %q: allowed are %s", name, strings.Join(names, ", "))
}
