package metadata_test

import (
	"bytes"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/signature"
)

const (
	extensionRoot = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/"`
	ours          = ` xmlns:stratus="https://stratuslab.github.io/terms#"`
)

func TestSetSBOM(t *testing.T) {
	tests := map[string]struct {
		declared, before string
		after            string // with the declarations that the root has then
	}{
		"into nothing": {"", "", ours + ">|\n  <stratus:sbom-sha256>ab</stratus:sbom-sha256>\n"},
		"after all": {
			"", "\n  <dcterms:type/>\n  <x xmlns=\"y\"/>\n",
			ours + ">|\n  <dcterms:type/>\n  <x xmlns=\"y\"/>\n  <stratus:sbom-sha256>ab</stratus:sbom-sha256>\n",
		},
		"replaced": {
			ours, "<stratus:sbom-sha256>cd<!--e--></stratus:sbom-sha256><dcterms:type/><stratus:sbom-sha256/>",
			ours + ">|<stratus:sbom-sha256>ab</stratus:sbom-sha256><dcterms:type/>",
		},
		"equal kept": {
			ours, "<stratus:sbom-sha256><![CDATA[ab]]></stratus:sbom-sha256>",
			ours + ">|<stratus:sbom-sha256><![CDATA[ab]]></stratus:sbom-sha256>",
		},
		"prefix taken": {
			` xmlns:stratus="u"`, "<dcterms:type/>",
			` xmlns:stratus="u" xmlns:stratus_="https://stratuslab.github.io/terms#">|<dcterms:type/><stratus_:sbom-sha2` +
				`56>ab</stratus_:sbom-sha256>`,
		},
		"declared": {ours, "<dcterms:type/>", ours + ">|<dcterms:type/><stratus:sbom-sha256>ab</stratus:sbom-sha256>"},
		"another's one": {
			"", `<sbom-sha256 xmlns="u">cd</sbom-sha256>`,
			ours + `>|<sbom-sha256 xmlns="u">cd</sbom-sha256><stratus:sbom-sha256>ab</stratus:sbom-sha256>`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := parseExtended(t, extensionRoot+test.declared+">\n<rdf:Description>"+test.before+"</rdf:Description></rdf:RDF>")
			for range 2 { // a second time changes nothing
				d.SetText(metadata.SBOM, "ab")
				declarations, content, _ := strings.Cut(test.after, "|")
				want := extensionRoot + declarations + "\n<rdf:Description>" + content + "</rdf:Description></rdf:RDF>"
				if diff := cmp.Diff(want, string(writeExtended(t, d))); diff != "" {
					t.Errorf("document (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestExtensionIsAccepted: a document with the extension is signed, complete,
// and good for an independent verifier and an independent RDF reader.
func TestExtensionIsAccepted(t *testing.T) {
	peers.Need(t, "xmlsec1", "rapper")
	vectors := "../testdata/vectors/"
	d := parseExtended(t, string(readFile(t, vectors+"plain.xml")))
	d.SetText(metadata.SBOM, strings.Repeat("ab", 32))
	d.SetText(metadata.Reused, "packages 2026-12-01T01:30:00Z")
	i := credentialtest.Vector(t, "rsa-san")
	signed, err := signature.Sign(parseExtended(t, string(writeExtended(t, d))), signature.Signer{
		Certificate: i.Certificate, Key: i.Key, Created: time.Now(),
		Profile: signature.StratusLab, Level: metadata.Complete,
	})
	if err != nil {
		t.Fatal(err)
	}
	whole := parseExtended(t, string(signed))
	if err := whole.Check(metadata.Complete); err != nil {
		t.Error(err)
	}
	if got := whole.Text(metadata.Reused); got != "packages 2026-12-01T01:30:00Z" {
		t.Errorf("signed, it has %s %q", metadata.Reused, got)
	}
	dir := t.TempDir()
	draft, file, trusted := filepath.Join(dir, "draft.xml"), filepath.Join(dir, "signed.xml"), filepath.Join(dir, "trusted.pem")
	for name, content := range map[string][]byte{draft: writeExtended(t, d), file: signed,
		trusted: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate.Raw})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range [][]string{
		{
			"xmlsec1", "--verify", "--enabled-key-data", "x509", "--enabled-reference-uris", "empty", "--trusted-pem", trusted,
			file,
		},
		{"rapper", "--quiet", "-o", "ntriples", draft},
	} {
		out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", command[0], err, out)
		}
		triple := `<https://stratuslab.github.io/terms#sbom-sha256> "` + strings.Repeat("ab", 32) + `" .`
		if command[0] == "rapper" && !bytes.Contains(out, []byte(triple)) {
			t.Errorf("rapper prints no triple %s:\n%s", triple, out)
		}
	}
}

func parseExtended(t *testing.T, src string) *metadata.Document {
	t.Helper()
	d, err := metadata.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func writeExtended(t *testing.T, d *metadata.Document) []byte {
	t.Helper()
	src, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
