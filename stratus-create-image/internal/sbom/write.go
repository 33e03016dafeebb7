package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// About describes the image and the tool.
type About struct {
	Identifier  string          // of the image
	Title       string          // of the image; empty: its identifier
	Version     string          // of the image
	Sums        diskimage.Image // of the image; those that are nil are left out
	OS          guest.OS        // of the guest
	Tool        string          // the command that has made the image
	ToolVersion string
	Time        time.Time
}

// Names of the properties that CycloneDX has no fields for.
const (
	identifierProperty = "stratus:identifier"
	archProperty       = "stratus:arch"
	addedProperty      = "stratus:added-by-build" // "true"
	upgradedProperty   = "stratus:upgraded-from"  // the version before the build
	removedProperty    = "stratus:removed-by-build"
	unreadProperty     = "stratus:unread-records" // of the package databases
)

// specVersion is the newest one that the common readers know.
const specVersion = cdx.SpecVersion1_6

// Write writes a CycloneDX document in JSON of the packages that are installed
// after a build, with a mark on those that were not there before it. The same
// arguments result in the same bytes.
func Write(w io.Writer, before, after Packages, about About) error {
	bom := newBOM(before, after, about)
	var content bytes.Buffer
	if err := encode(&content, bom); err != nil {
		return err
	}
	bom.SerialNumber = serial(content.Bytes())
	return encode(w, bom)
}

func encode(w io.Writer, bom *cdx.BOM) error {
	if err := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, specVersion); err != nil {
		return fmt.Errorf("writing the software bill of materials: %w", err)
	}
	return nil
}

// serial returns a UUID of version 5 that is derived from the content.
func serial(content []byte) string {
	// The name space of URLs, RFC 9562.
	const urls = "\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8"
	sum := sha1.Sum(append([]byte(urls+"https://stratuslab.github.io/terms#sbom/"), content...))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func newBOM(before, after Packages, about About) *cdx.BOM {
	c := compare(before, after)
	components := []cdx.Component{{
		BOMRef: "os", Type: cdx.ComponentTypeOS, Name: about.OS.ID, Version: about.OS.Version,
		Properties: properties(cdx.Property{Name: archProperty, Value: about.OS.Arch}),
	}}
	for _, p := range after.List {
		components = append(components, component(p, about.OS, c))
	}
	var notes []cdx.Property
	for _, p := range c.removed {
		notes = append(notes, cdx.Property{Name: removedProperty, Value: p.purl(about.OS)})
	}
	if after.Unread > 0 {
		notes = append(notes, cdx.Property{Name: unreadProperty, Value: fmt.Sprint(after.Unread)})
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: about.Time.UTC().Format(time.RFC3339),
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{
			{Type: cdx.ComponentTypeApplication, Name: about.Tool, Version: about.ToolVersion}}},
		Component:  image(about),
		Properties: properties(notes...),
	}
	bom.Components = &components
	return bom
}

// image describes the image itself: for CycloneDX, whatever isolates software
// by virtualization is a container.
func image(about About) *cdx.Component {
	i := &cdx.Component{
		BOMRef: "image", Type: cdx.ComponentTypeContainer, Name: cmp.Or(about.Title, about.Identifier), Version: about.Version,
		Properties: properties(cdx.Property{Name: identifierProperty, Value: about.Identifier}),
	}
	var hashes []cdx.Hash
	for algorithm, sum := range about.Sums.Digests() { // both use the names of the standards
		hashes = append(hashes, cdx.Hash{Algorithm: cdx.HashAlgorithm(algorithm), Value: hex.EncodeToString(sum)})
	}
	if hashes != nil {
		i.Hashes = &hashes
	}
	return i
}

func component(p Package, os guest.OS, c changes) cdx.Component {
	purl := p.purl(os)
	made := cdx.Component{BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, PackageURL: purl}
	if p.License != "" {
		// Not an SPDX expression: few databases hold those, and none says so.
		made.Licenses = &cdx.Licenses{{License: &cdx.License{Name: p.License}}}
	}
	marks := []cdx.Property{{Name: archProperty, Value: p.Arch}, {Name: upgradedProperty, Value: c.upgraded[p]}}
	if c.added[p] {
		marks = append(marks, cdx.Property{Name: addedProperty, Value: "true"})
	}
	made.Properties = properties(marks...)
	return made
}

// properties returns those that have a value, nil where none has.
func properties(all ...cdx.Property) *[]cdx.Property {
	var some []cdx.Property
	for _, p := range all {
		if p.Value != "" {
			some = append(some, p)
		}
	}
	if some == nil {
		return nil
	}
	return &some
}

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

// plain undoes what a query escapes and a package URL does not, or in another way.
var plain = strings.NewReplacer("%3A", ":", "+", "%20")

// percent encodes a part of a package URL.
func percent(text string) string { return plain.Replace(url.QueryEscape(text)) }
