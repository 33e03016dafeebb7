package endorse

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
)

// Show returns what signing the documents would endorse, and in whose name, as a
// table for people.
func (s Signer) Show(documents []Document) ([]byte, error) {
	var lines [][2]string
	for _, d := range documents {
		what, err := described(d)
		if err != nil {
			return nil, err
		}
		lines = append(lines, what...)
	}
	lines = append(lines, s.who()...)
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintf(w, "%s\t%s\n", line[0], report.Printable(strings.ReplaceAll(line[1], "\n", " ")))
	}
	err := w.Flush()
	return text.Bytes(), err
}

// described returns what a document says of its image.
func described(d Document) ([][2]string, error) {
	image, err := d.parsed.Image()
	if err != nil {
		return nil, report.BadInputf("reading %q: %w", d.Name, err)
	}
	lines := [][2]string{
		{"document:", d.Name},
		{"image:", metadata.IdentifierOf(image.SHA1)},
		{"size:", fmt.Sprintf("%d bytes", image.Bytes)},
	}
	for a, digest := range image.Digests() {
		lines = append(lines, [2]string{string(a) + ":", fmt.Sprintf("%x", digest)})
	}
	for _, term := range []metadata.Term{
		metadata.Title, metadata.Description, metadata.OS, metadata.OSVersion, metadata.OSArch, metadata.Version,
		metadata.Location, metadata.Valid, metadata.Replaces, metadata.Deprecated,
	} {
		for _, text := range slices.DeleteFunc(d.parsed.Texts(term), func(text string) bool { return text == "" }) {
			lines = append(lines, [2]string{term.Name + ":", text})
		}
	}
	return lines, nil
}

// who returns names and values of the signer and the signature, for people.
func (s Signer) who() [][2]string {
	certificate, email := s.signer.Certificate, s.By.Email
	if len(certificate.EmailAddresses) == 0 {
		email += " (given; the certificate names no address)"
	}
	return [][2]string{
		{"endorser:", email},
		{"subject:", s.By.Subject},
		{"issuer:", s.By.Issuers[0]},
		{"certificate:", "SHA-256 " + signature.Fingerprint(certificate)},
		{"valid:", fmt.Sprintf("%s to %s", metadata.FormatTime(certificate.NotBefore), metadata.FormatTime(certificate.NotAfter))},
		{"time:", metadata.FormatTime(s.signer.Created)},
		{"profile:", string(s.signer.Profile)},
	}
}
