package contextualize

import (
	"fmt"
	"slices"
	"strings"
)

// Scheme is a way in which a machine gets its context.
type Scheme string

// The schemes of --context.
const (
	Auto        Scheme = "auto"          // all schemes that do not conflict
	CloudInit   Scheme = "cloud-init"    // NoCloud and ConfigDrive
	NoCloud     Scheme = "nocloud"       // cloud-init's own disk, cidata
	ConfigDrive Scheme = "config-drive"  // OpenStack's disk, config-2, version 2
	OpenNebula  Scheme = "opennebula"    // the disk CONTEXT
	StratusLab  Scheme = "stratuslab"    // the disk _STRATUSLAB with init.sh
	HEPiX       Scheme = "hepix"         // the same disk with prolog.sh and epilog.sh
	None        Scheme = "none"          // no disk
	CloudInitV1 Scheme = "cloud-init-v1" // the original's cloud-init.txt, which no machine reads
)

var (
	bootable  = []Scheme{Auto, CloudInit, NoCloud, ConfigDrive, OpenNebula, StratusLab, HEPiX, None}
	printable = []Scheme{Auto, CloudInit, NoCloud, ConfigDrive, OpenNebula, StratusLab, HEPiX, CloudInitV1}
)

// ParseScheme parses the name of a scheme with which a machine can be started.
func ParseScheme(name string) (Scheme, error) { return parseScheme(name, bootable) }

// ParsePrintable parses the name of a scheme that has files to print.
func ParsePrintable(name string) (Scheme, error) { return parseScheme(name, printable) }

func parseScheme(name string, allowed []Scheme) (Scheme, error) {
	if slices.Contains(allowed, Scheme(name)) {
		return Scheme(name), nil
	}
	names := make([]string, len(allowed))
	for i, s := range allowed {
		names[i] = string(s)
	}
	last := len(names) - 1
	return "", fmt.Errorf("the scheme %q is not supported; want %s or %s", name, strings.Join(names[:last], ", "), names[last])
}
