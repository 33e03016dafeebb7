package sbom

import (
	"strings"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// purl returns the package URL, the name that vulnerability databases know a
// package by: "pkg:deb/debian/nginx@1.22.1?arch=amd64&distro=debian-12".
func (p Package) purl(os guest.OS) string {
	name, version := p.Name, p.Version
	var qualifiers []string // sorted, as canonical URLs have them
	if p.Arch != "" {
		qualifiers = append(qualifiers, "arch="+percent(p.Arch))
	}
	distro := os.ID
	if os.Version != "" {
		distro += "-" + os.Version
	}
	qualifiers = append(qualifiers, "distro="+percent(distro))
	if p.Kind == "rpm" {
		if epoch, rest, ok := strings.Cut(version, ":"); ok {
			version = rest
			qualifiers = append(qualifiers, "epoch="+percent(epoch))
		}
	} else {
		name = strings.ToLower(name) // only rpm distinguishes cases
	}
	return "pkg:" + p.Kind + "/" + percent(strings.ToLower(os.ID)) + "/" + percent(name) + "@" + percent(version) + "?" + strings.Join(qualifiers, "&")
}

// percent encodes a part of a package URL.
func percent(text string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:"
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}
