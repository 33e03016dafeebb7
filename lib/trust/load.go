package trust

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

var (
	hashedCertificate = regexp.MustCompile(`^([0-9a-f]{8})\.[0-9]+$`)
	hashedList        = regexp.MustCompile(`^([0-9a-f]{8})\.r[0-9]+$`)
)

// load adds the certificates and revocation lists of a file or a directory.
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
func (s *store) load(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return s.loadDirectory(path)
	}
	return s.loadFile(path)
}

func (s *store) loadFile(path string) error {
	found, err := readFile(path)
	if err != nil {
		return err
	}
	s.add(found)
	return nil
}

func (s *store) loadDirectory(path string) error {
	names, err := entries(path)
	if err != nil {
		return err
	}
	loaded := 0
	var skipped []error
	subjects := map[string][]string{} // raw, by the hash in a certificate's file name
	var broken []*revocationList      // which cannot be read
	for _, name := range names {
		found, err := readEntry(filepath.Join(path, name))
		if err != nil {
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
	all, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range all {
		name := entry.Name()
		if info, err := os.Stat(filepath.Join(path, name)); err == nil && info.IsDir() {
			continue
		}
		if isListName(name) || isCertificateName(name) {
			names = append(names, name)
		}
	}
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
func readEntry(path string) (contents, error) {
	info, err := os.Stat(path)
	if err != nil {
		return contents{}, err
	}
	if !info.Mode().IsRegular() {
		return contents{}, fmt.Errorf("reading %q: not a regular file", path)
	}
	return readFile(path)
}

// readFile parses a file.
func readFile(path string) (contents, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return contents{}, err
	}
	found, err := parse(data, isListName(filepath.Base(path)))
	if err != nil {
		return contents{}, fmt.Errorf("reading %q: %w", path, err)
	}
	found.name(path)
	return found, nil
}
