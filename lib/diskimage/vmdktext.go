package diskimage

import (
	"regexp"
	"strings"
)

var (
	// An extent is: access, sectors, type, and for most types a file name.
	vmdkExtent = regexp.MustCompile(`(?i)^\s*(?:RW|RDONLY|NOACCESS)\s+\S+\s+(\S+)(?:\s+"([^"]*))?`)

	// QEMU finds this word anywhere in a descriptor, even in a comment.
	vmdkParentHint = regexp.MustCompile(`(?i)parentFileNameHint[\s="]*([^"\r\n\x00]*)`)
)

// vmdkNoParent is the parent content ID of an image without a parent.
const vmdkNoParent = "ffffffff"

// checkDescriptor checks a descriptor embedded in a sparse file. Its one
// extent is the file itself, under the name it had when it was written.
func checkDescriptor(text string) error {
	if err := checkParentHint(text); err != nil {
		return err
	}
	var extents, types int
	for line := range strings.FieldsFuncSeq(text, lineBreak) {
		if extent := vmdkExtent.FindStringSubmatch(line); extent != nil {
			if extents++; extents > 1 || !strings.EqualFold(extent[1], "SPARSE") {
				return foreign("VMDK descriptor with the extent %.1000q of type %.100q", extent[2], extent[1])
			}
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		value = strings.Trim(value, " \t\"")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "createtype":
			types++
			if !strings.EqualFold(value, "monolithicSparse") && !strings.EqualFold(value, "streamOptimized") {
				return foreign("VMDK of the type %.100q, want monolithicSparse or streamOptimized", value)
			}
		case "parentcid":
			if !strings.EqualFold(value, vmdkNoParent) {
				return foreign("VMDK with the parent content ID %.100q, want %q", value, vmdkNoParent)
			}
		}
	}
	if extents == 0 || types == 0 {
		return malformed("VMDK descriptor with %d extents and %d types, want 1 each", extents, types)
	}
	return nil
}

func checkParentHint(text string) error {
	if hint := vmdkParentHint.FindStringSubmatch(text); hint != nil {
		return foreign("parent %.1000q", hint[1])
	}
	return nil
}

// firstExtent returns the file name in the first extent of a descriptor that
// has one, or nothing. It may be as long as the descriptor.
func firstExtent(text string) string {
	for line := range strings.FieldsFuncSeq(text, lineBreak) {
		if extent := vmdkExtent.FindStringSubmatch(line); extent != nil && extent[2] != "" {
			return extent[2]
		}
	}
	return ""
}

func lineBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == 0
}
