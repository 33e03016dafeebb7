package main

import (
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/metadata"
)

// listPackages has the guest's own package database say what is installed.
const listPackages = `dpkg-query -W -f 'dpkg ${db:Status-Status} ${Package} ${Version} ${Architecture}\n'`

// installed is what the guest of a build, and the base, have in the database of
// dpkg: versions by names.
func installed(t *testing.T, b *child, base string) (after, before map[string]string) {
	t.Helper()
	after, before = make(map[string]string), make(map[string]string)
	line := regexp.MustCompile(`run\| dpkg installed (\S+) (\S+) (\S+)\n`)
	for _, found := range line.FindAllStringSubmatch(b.stderr.String(), -1) {
		after[found[1]] = found[2]
	}
	for record := range strings.SplitSeq(openDisk(t, base).debugfs("cat /var/lib/dpkg/status"), "\n\n") {
		fields := make(map[string]string)
		for line := range strings.Lines(record) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			fields[name] = value
		}
		if fields["Status"] == "install ok installed" {
			before[fields["Package"]] = fields["Version"]
		}
	}
	if len(before) < 100 {
		t.Fatalf("the base has %d packages", len(before))
	}
	return after, before
}

// marks are what a bill of materials says of one package.
type marks struct{ Version, Added, UpgradedFrom string }

// readBill gives the packages of one kind in a bill of materials, and what it
// says of the whole.
func readBill(t *testing.T, path, kind string) (packages map[string]marks, notes []cdx.Property, image *cdx.Component) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	bom := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(f, cdx.BOMFileFormatJSON).Decode(bom); err != nil {
		t.Fatal(err)
	}
	packages = make(map[string]marks)
	for _, c := range *bom.Components {
		if !strings.HasPrefix(c.PackageURL, "pkg:"+kind+"/debian/") {
			continue
		}
		is := marks{Version: c.Version}
		for _, p := range *c.Properties {
			switch p.Name {
			case "stratus:added-by-build":
				is.Added = p.Value
			case "stratus:upgraded-from":
				is.UpgradedFrom = p.Value
			}
		}
		packages[c.Name] = is
	}
	if bom.Metadata.Properties != nil {
		notes = *bom.Metadata.Properties
	}
	return packages, notes, bom.Metadata.Component
}

// checkBill compares a bill of materials with what the guest has and the base
// had, and with the draft.
func checkBill(t *testing.T, path string, b *child, base string) {
	t.Helper()
	after, before := installed(t, b, base)
	want := make(map[string]marks)
	for name, version := range after {
		is := marks{Version: version}
		if old, ok := before[name]; !ok {
			is.Added = "true"
		} else if old != version {
			is.UpgradedFrom = old
		}
		want[name] = is
	}
	got, notes, image := readBill(t, path, "deb")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the packages (-guest +bill of materials):\n%s", diff)
	}
	for name, want := range map[string]marks{
		"stratus-alpha": {"1.0", "true", ""}, "stratus-beta": {"1.0", "true", ""}, "stratus-gamma": {"1.0", "true", ""},
		"runit-helper": {"99.0", "", before["runit-helper"]}, "dnf": {after["dnf"], "true", ""},
	} {
		if got[name] != want {
			t.Errorf("%s: %+v, want %+v", name, got[name], want)
		}
	}
	if before["bash"] == "" || got["bash"].Added != "" {
		t.Errorf("bash, which was there: %+v", got["bash"])
	}
	if len(notes) != 1 || notes[0].Name != "stratus:removed-by-build" || !strings.HasPrefix(notes[0].Value, "pkg:deb/debian/zstd@") {
		t.Errorf("the removed: %+v", notes)
	}
	checkNamed(t, path, b.stdout.Bytes(), image)
}

// checkNamed makes sure that the draft and the bill of materials name each other.
func checkNamed(t *testing.T, path string, draft []byte, image *cdx.Component) {
	t.Helper()
	sum := strings.Fields(output(t, "sha256sum", path))[0]
	if !regexp.MustCompile(`<stratus:sbom-sha256[^>]*>` + sum + `</stratus:sbom-sha256>`).Match(draft) {
		t.Errorf("the draft does not name the bill of materials, %s:\n%s", sum, draft)
	}
	d, is := parseDraft(t, draft)
	hashes := make(map[cdx.HashAlgorithm]string)
	for _, h := range *image.Hashes {
		hashes[h.Algorithm] = h.Value
	}
	if hashes[cdx.HashAlgoSHA512] != hex.EncodeToString(is.SHA512) || image.Name != d.Text(metadata.Title) {
		t.Errorf("the bill of materials names the image %q, %v", image.Name, hashes)
	}
}
