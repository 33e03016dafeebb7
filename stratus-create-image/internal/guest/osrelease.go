package guest

import (
	"context"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
)

// OS is the operating system of a guest by os-release(5), and the architecture of
// its kernel.
type OS struct {
	ID      string   // such as "debian"
	Like    []string // the systems it resembles, such as "rhel", "fedora"
	Version string   // VERSION_ID; empty for rolling releases
	Arch    string   // as uname -m prints it
}

// ReadOS reads the description of the operating system in the guest.
func (g *Guest) ReadOS(ctx context.Context) (OS, error) {
	const label = "reading os-release"
	out, err := g.Output(ctx, label, "uname -m && cat /etc/os-release || cat /usr/lib/os-release")
	if err != nil {
		return OS{}, err
	}
	arch, release, _ := strings.Cut(out, "\n")
	os := parseOSRelease(release)
	os.Arch = strings.TrimSpace(arch)
	if os.ID == "" {
		return OS{}, fmt.Errorf("%s: the file has no ID", label)
	}
	return os, nil
}

// parseOSRelease reads the assignments that OS needs. It skips other lines, as
// os-release(5) demands.
func parseOSRelease(text string) OS {
	var os OS
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		fields, err := shell.Split(value)
		if !ok || err != nil || len(fields) != 1 {
			continue
		}
		switch name {
		case "ID":
			os.ID = strings.ToLower(fields[0])
		case "ID_LIKE":
			os.Like = strings.Fields(strings.ToLower(fields[0]))
		case "VERSION_ID":
			os.Version = fields[0]
		}
	}
	return os
}
