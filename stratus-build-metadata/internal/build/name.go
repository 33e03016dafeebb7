package build

import (
	"errors"
	"strings"
	"unicode"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
)

// suggestName is the file name that the document itself suggests:
// OS-VERSION-ARCHITECTURE-TYPE-IMAGEVERSION.xml. It is one line and stays in
// the directory.
func suggestName(doc *metadata.Document) (string, error) {
	parts := []struct {
		flag string
		term metadata.Term
	}{
		{"os", metadata.OS},
		{"os-version", metadata.OSVersion},
		{"os-arch", metadata.OSArch},
		{"type", metadata.Type},
		{"image-version", metadata.Version},
	}
	var texts []string
	for _, p := range parts {
		text := doc.Text(p.term)
		if err := checkNamePart(text); err != nil {
			return "", fault.WithHint(fault.Usagef("naming the file: %s %q %w", p.term, text, err), "give another --%s, or -o FILE", p.flag)
		}
		texts = append(texts, text)
	}
	name := strings.Join(texts, "-") + ".xml"
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") {
		return "", fault.WithHint(fault.Usagef("naming the file: %q would be hidden or look like an option", name), "give another --os, or -o FILE")
	}
	return name, nil
}

func checkNamePart(text string) error {
	switch {
	case text == "":
		return errors.New("is missing")
	case strings.ContainsAny(text, `/\`):
		return errors.New("holds a path separator")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("holds a control character")
	}
	return nil
}
