package ova

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// checksum is a line of a manifest.
type checksum struct {
	algorithm string // one of algorithms
	name      string
	sum       []byte
}

// maxChecksums bounds the lines of a manifest.
const maxChecksums = 4 * maxMembers

// VirtualBox writes a space before the parenthesis, VMware does not.
var manifestLine = regexp.MustCompile(`^(SHA1|SHA256|SHA512) ?\((.+)\) ?= ?([0-9A-Fa-f]+)$`)

// parseManifest reads lines such as "SHA256(disk.vmdk)= 01ab...".
func parseManifest(text []byte) ([]checksum, error) {
	var list []checksum
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		line := strings.TrimSpace(string(raw))
		if line == "" {
			continue
		}
		parts := manifestLine.FindStringSubmatch(line)
		if parts == nil {
			return nil, unusable("line %d of the manifest, %.100q, is not valid; want SHA1, SHA256 or SHA512, (file name)= and hexadecimal digits", number, line)
		}
		sum, err := hex.DecodeString(parts[3])
		if size := algorithms[parts[1]]().Size(); err != nil || len(sum) != size {
			return nil, unusable("line %d of the manifest: %s of %d digits, want %d", number, parts[1], len(parts[3]), 2*size)
		}
		if err := checkName(parts[2]); err != nil {
			return nil, err
		}
		one := checksum{parts[1], parts[2], sum}
		if slices.ContainsFunc(list, func(c checksum) bool { return c.algorithm == one.algorithm && c.name == one.name }) {
			return nil, unusable("line %d of the manifest: a second %s of %q", number, one.algorithm, one.name)
		}
		if list = append(list, one); len(list) > maxChecksums {
			return nil, unusable("at most %d lines in the manifest", maxChecksums)
		}
	}
	return list, nil
}

// verify compares the files with the manifest. Without a manifest it only warns.
func (i *intake) verify() error {
	if !i.listed {
		i.warn("no manifest: nothing shows that the appliance is complete and unchanged")
		return nil
	}
	for _, c := range i.manifest {
		h := i.sums[c.name][c.algorithm]
		if h == nil {
			return unusable("no file %q, which the manifest lists", c.name)
		}
		if got := h.Sum(nil); !bytes.Equal(got, c.sum) {
			return unusable("the %s of %q is %x, the manifest wants %x", c.algorithm, c.name, got, c.sum)
		}
	}
	for _, name := range []string{i.file, i.disk} {
		if len(i.sums[name]) == 0 || !slices.ContainsFunc(i.manifest, func(c checksum) bool { return c.name == name }) {
			return unusable("the manifest has no checksum of %q", name)
		}
	}
	return nil
}
