package sign

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/message"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/trust"
)

// Show prints what signing would endorse, and in whose name. It fails where
// signing would.
func Show(c *command.Call, o Options) error {
	documents, identity, now, err := o.open(c)
	if err != nil {
		return err
	}
	by, err := o.endorser(o.signer(c, identity, now))
	if err != nil {
		return err
	}
	var lines [][2]string
	for _, d := range documents {
		what, err := described(d)
		if err != nil {
			return err
		}
		lines = append(lines, what...)
	}
	lines = append(lines, who(identity, by, now)...)
	lines = append(lines, [2]string{"profile:", string(o.Profile)})
	w := tabwriter.NewWriter(c.Out, 0, 8, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintf(w, "%s\t%s\n", line[0], message.Printable(strings.ReplaceAll(line[1], "\n", " ")))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// described says what a document tells of its image.
func described(d document) ([][2]string, error) {
	image, err := d.parsed.Image()
	if err != nil {
		return nil, fault.BadInputf("reading %q: %w", d.name, err)
	}
	lines := [][2]string{
		{"document:", d.name},
		{"image:", metadata.IdentifierOf(image.SHA1)},
		{"size:", fmt.Sprintf("%d bytes", image.Bytes)},
	}
	for _, sum := range []struct {
		name  string
		value []byte
	}{{"MD5:", image.MD5}, {"SHA-1:", image.SHA1}, {"SHA-256:", image.SHA256}, {"SHA-512:", image.SHA512}} {
		if sum.value != nil {
			lines = append(lines, [2]string{sum.name, fmt.Sprintf("%x", sum.value)})
		}
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

// who says who would sign.
func who(identity *credential.Identity, by metadata.Endorsement, now time.Time) [][2]string {
	certificate := identity.Certificate
	email := by.Email
	if len(certificate.EmailAddresses) == 0 {
		email += " (given; the certificate names no address)"
	}
	return [][2]string{
		{"endorser:", email},
		{"subject:", by.Subject},
		{"issuer:", by.Issuers[0]},
		{"certificate:", "SHA-256 " + trust.Fingerprint(certificate)},
		{"valid:", fmt.Sprintf("%s to %s", metadata.FormatTime(certificate.NotBefore), metadata.FormatTime(certificate.NotAfter))},
		{"time:", metadata.FormatTime(now)},
	}
}
