package sbom

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

var (
	before = Packages{
		List: []Package{
			deb("curl", "7.88.1"),
			deb("kernel", "6.1"),
			deb("libc6", "2.36"),
			deb("old", "1"),
			deb("tools", "5"),
			deb("tools", "6"),
		},
	}
	after = Packages{
		List: []Package{
			deb("curl", "7.88.2"),
			deb("kernel", "6.1"),
			deb("kernel", "6.2"),
			deb("libc6", "2.36"),
			deb("nginx", "1.22.1"),
			deb("tools", "6"),
			deb("tools", "7"),
			{"rpm", "é\"<", "1:2-3", "noarch", "MIT & \"more\""},
		},
		Unread: 2,
	}
	about = About{
		Identifier: "Avux7XqPw_byV0N1H88W8J12ooz", Title: "A \"web\" server <x>", Version: "1.0",
		Sums: diskimage.Image{SHA1: make([]byte, 20), SHA256: make([]byte, 32)},
		OS:   guest.OS{ID: "debian", Version: "12", Arch: "x86_64"}, Tool: "stratus-create-image", ToolVersion: "3.0",
		Time: time.Date(2026, 11, 23, 1, 2, 3, 0, time.FixedZone("", 3600)),
	}
)

func deb(name, version string) Package {
	return Package{Kind: "deb", Name: name, Version: version, Arch: "amd64"}
}

func written(t *testing.T, before, after Packages, about About) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, before, after, about); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// brief reads a document, strictly, and gives what it says in lines.
func brief(t *testing.T, document []byte) []string {
	t.Helper()
	strict := json.NewDecoder(bytes.NewReader(document))
	strict.DisallowUnknownFields()
	var bom cdx.BOM
	if err := strict.Decode(&bom); err != nil {
		t.Fatal(err)
	}
	lines := []string{bom.SpecVersion.String() + " " + bom.Metadata.Timestamp}
	describe := func(c cdx.Component) {
		line := string(c.Type) + " " + c.Name + " " + c.Version + " " + c.PackageURL
		if c.Licenses != nil {
			line += " (" + (*c.Licenses)[0].License.Name + ")"
		}
		lines = append(lines, line+notes(c.Properties))
	}
	describe(*bom.Metadata.Component)
	for _, h := range *bom.Metadata.Component.Hashes {
		lines = append(lines, string(h.Algorithm)+" "+h.Value)
	}
	lines = append(lines, "notes"+notes(bom.Metadata.Properties))
	for _, c := range append(*bom.Metadata.Tools.Components, *bom.Components...) {
		describe(c)
	}
	return lines
}

func notes(properties *[]cdx.Property) string {
	var b strings.Builder
	if properties != nil {
		for _, p := range *properties {
			b.WriteString(" " + p.Name + "=" + p.Value)
		}
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	purl := func(name, version string) string {
		return "library " + name + " " + version + " pkg:deb/debian/" + name + "@" + version +
			"?arch=amd64&distro=debian-12 stratus:arch=amd64"
	}
	want := []string{
		"1.6 2026-11-23T00:02:03Z",
		"container A \"web\" server <x> 1.0  stratus:identifier=Avux7XqPw_byV0N1H88W8J12ooz",
		"SHA-1 " + strings.Repeat("00", 20),
		"SHA-256 " + strings.Repeat("00", 32),
		"notes stratus:removed-by-build=pkg:deb/debian/old@1?arch=amd64&distro=debian-12 stratus:unread-records=2",
		"application stratus-create-image 3.0 ",
		"operating-system debian 12  stratus:arch=x86_64",
		purl("curl", "7.88.2") + " stratus:upgraded-from=7.88.1",
		purl("kernel", "6.1"),
		purl("kernel", "6.2") + " stratus:added-by-build=true",
		purl("libc6", "2.36"),
		purl("nginx", "1.22.1") + " stratus:added-by-build=true",
		purl("tools", "6"),
		purl("tools", "7") + " stratus:upgraded-from=5",
		"library é\"< 1:2-3 pkg:rpm/debian/%C3%A9%22%3C@2-3?arch=noarch&distro=debian-12&epoch=1 (MIT & \"more\") " +
			"stratus:arch=noarch stratus:added-by-build=true",
	}
	document := written(t, before, after, about)
	if diff := cmp.Diff(want, brief(t, document)); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(string(document), string(written(t, before, after, about))); diff != "" {
		t.Errorf("written again (-want +got):\n%s", diff)
	}
	later := about
	later.Time = later.Time.Add(time.Second)
	if serialOf(t, document) == serialOf(t, written(t, before, after, later)) {
		t.Error("another document has the same serial number")
	}
}

func serialOf(t *testing.T, document []byte) string {
	t.Helper()
	var bom cdx.BOM
	if err := json.Unmarshal(document, &bom); err != nil {
		t.Fatal(err)
	}
	return bom.SerialNumber
}

// TestSerial compares with what Python's uuid.uuid5 makes.
func TestSerial(t *testing.T) {
	if got, want := serial([]byte("x")), "urn:uuid:98859df2-7d05-5d03-bb40-1770ce655430"; got != want {
		t.Errorf("serial number %s, want %s", got, want)
	}
}

// validator checks a document against the official schema, which comes with
// the library.
const validator = `
import json, sys, jsonschema
def load(name):
    with open(sys.argv[1] + "/schema/" + name) as f:
        return json.load(f)
schema = load("bom-1.6.schema.json")
base = "http://cyclonedx.org/schema/"
store = {base + "spdx.schema.json": load("spdx.schema.json"), base + "jsf-0.82.schema.json": load("jsf-0.82.schemax.json")}
resolver = jsonschema.RefResolver.from_schema(schema, store=store)
jsonschema.Draft7Validator(schema, resolver=resolver).validate(json.load(sys.stdin))
`

func TestSchema(t *testing.T) {
	peers.Need(t, "go", "dpkg-query")
	module := strings.TrimSpace(run(t, nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go"))
	check := func(document []byte) error {
		cmd := peers.Python(t, "jsonschema", "-W", "ignore", "-c", validator, module)
		cmd.Stdin = bytes.NewReader(document)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Logf("%s", out)
		}
		return err
	}
	real, err := List(t.Context(), here{})
	if err != nil {
		t.Fatal(err)
	}
	for name, document := range map[string][]byte{
		"made up": written(t, before, after, about),
		"least": written(t, Packages{}, Packages{List: []Package{{"apk", "a", "1", "", ""}}},
			About{Identifier: "x", OS: guest.OS{ID: "alpine"}, Tool: "t", Time: about.Time}),
		"real": written(t, Packages{}, real, about),
	} {
		if err := check(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if wrong := bytes.Replace(written(t, before, after, about), []byte(`"type": "library"`), []byte(`"type": "book"`), 1); check(
		wrong,
	) == nil {
		t.Error("the validator accepts a wrong document")
	}
}
