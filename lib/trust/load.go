package trust

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

const (
	maxEntries     = 10_000    // in a directory
	maxCertificate = 4 << 20   // bytes of a file of certificates; Debian's bundle has 0.2 MiB
	maxList        = 64 << 20  // bytes of a revocation list; large CAs have lists of some MiB
	maxTotal       = 256 << 20 // bytes that a store reads
)

// errTotal ends a Load; a file that is skipped would not make room.
var errTotal = fmt.Errorf("more than %d MiB of certificates and revocation lists", maxTotal>>20)

var (
	hashedCertificate = regexp.MustCompile(`^([0-9a-f]{8})\.[0-9]+$`)
	hashedList        = regexp.MustCompile(`^([0-9a-f]{8})\.r[0-9]+$`)
)

// Load adds the certificates and revocation lists of a file or a directory.
//
// A file holds PEM, with any text between the blocks, or one object in DER,
// which is a revocation list if the file is named as one (*.crl, HASH.r0) and a
// certificate otherwise. A file that holds neither, or that cannot be parsed, is
// an error; from a bundle, certificates that cannot be parsed are skipped if
// there are others.
//
// Of a directory the files are read that OpenSSL and grid sites use: HASH.0,
// *.pem, *.crt, *.cer, HASH.r0, *.crl; what else there is, sub-directories
// included, is left alone. Files that cannot be read or parsed are skipped, for
// one odd CA must not stop the others; but where HASH.r0 is such a file, nothing
// that the CA of HASH.0 has issued is trusted. A directory in which nothing
// remains is an error. After an error that ends the reading of a directory, what
// was read before it stays loaded.
//
// Files may have 4 MiB, those named as revocation lists 64 MiB, a directory
// 10,000 entries, and all that is loaded 256 MiB.
func (s *Store) Load(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("loading trusted certificates: %w", err)
	}
	if info.IsDir() {
		err = s.loadDirectory(path)
	} else {
		err = s.loadFile(path)
	}
	if err != nil {
		return fmt.Errorf("loading trusted certificates: %w", err)
	}
	return nil
}

func (s *Store) loadFile(path string) error {
	found, err := s.read(path)
	if err != nil {
		return err
	}
	s.add(found)
	return nil
}

func (s *Store) loadDirectory(path string) error {
	names, err := entries(path)
	if err != nil {
		return err
	}
	loaded := 0
	var skipped []error
	subjects := map[string][]string{} // raw, by the hash in a certificate's file name
	var broken []*revocationList      // which cannot be read
	for _, name := range names {
		found, err := s.readEntry(filepath.Join(path, name))
		switch {
		case errors.Is(err, errTotal):
			return err
		case err != nil:
			skipped = append(skipped, err)
			if hashedList.MatchString(name) {
				broken = append(broken, &revocationList{path: filepath.Join(path, name), err: err})
			}
			continue
		}
		loaded += len(found.certificates) + len(found.lists)
		s.add(found)
		if hash := hashedCertificate.FindStringSubmatch(name); hash != nil {
			for _, c := range found.certificates {
				subjects[hash[1]] = append(subjects[hash[1]], string(c.RawSubject))
			}
		}
	}
	if loaded == 0 {
		return errors.Join(append(skipped, fmt.Errorf("reading %q: no certificate and no revocation list in this directory", path))...)
	}
	s.skipped = append(s.skipped, skipped...)
	for _, list := range broken {
		hash := hashedList.FindStringSubmatch(filepath.Base(list.path))[1]
		for _, subject := range subjects[hash] {
			s.lists[subject] = append(s.lists[subject], list)
		}
	}
	return nil
}

// entries returns the names, in order, of the directory's files that may hold
// certificates or revocation lists.
func entries(path string) ([]string, error) {
	directory, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	all, err := directory.Readdirnames(maxEntries + 1)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(all) > maxEntries {
		return nil, fmt.Errorf("reading directory %q: more than %d entries", path, maxEntries)
	}
	var names []string
	for _, name := range all {
		info, err := os.Stat(filepath.Join(path, name))
		if err == nil && info.IsDir() {
			continue
		}
		if isListName(name) || isCertificateName(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func isListName(name string) bool {
	return filepath.Ext(name) == ".crl" || hashedList.MatchString(name)
}

func isCertificateName(name string) bool {
	switch filepath.Ext(name) {
	case ".pem", ".crt", ".cer":
		return true
	}
	return hashedCertificate.MatchString(name)
}

// readEntry reads a file of a directory, where nobody has asked for this one: a
// pipe would be waited for in vain.
func (s *Store) readEntry(path string) (contents, error) {
	info, err := os.Stat(path)
	if err != nil {
		return contents{}, err
	}
	if !info.Mode().IsRegular() {
		return contents{}, fmt.Errorf("reading %q: not a regular file", path)
	}
	return s.read(path)
}

// read parses a file and counts what it took.
func (s *Store) read(path string) (contents, error) {
	file, err := os.Open(path)
	if err != nil {
		return contents{}, err
	}
	defer file.Close()
	limit := int64(maxCertificate)
	list := isListName(filepath.Base(path))
	if list {
		limit = maxList
	}
	var data bytes.Buffer
	if info, err := file.Stat(); err == nil {
		data.Grow(int(min(info.Size(), limit)) + bytes.MinRead) // a large file would be copied several times
	}
	if _, err := data.ReadFrom(io.LimitReader(file, limit+1)); err != nil {
		return contents{}, err
	}
	if int64(data.Len()) > limit {
		return contents{}, fmt.Errorf("reading %q: more than %d MiB", path, limit>>20)
	}
	if s.bytes += int64(data.Len()); s.bytes > maxTotal {
		return contents{}, fmt.Errorf("reading %q: %w", path, errTotal)
	}
	found, err := parse(data.Bytes(), list)
	if err != nil {
		return contents{}, fmt.Errorf("reading %q: %w", path, err)
	}
	found.name(path)
	return found, nil
}
