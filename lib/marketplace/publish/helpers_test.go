package publish

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/remote/sshdtest"
	"github.com/stratuslab/stratus/lib/signature"
)

// now is the time of most tests.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var signerOf = sync.OnceValue(func() signature.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Eve", Country: []string{"FR"}},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(90, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return signature.Signer{Certificate: c, Key: key, Profile: signature.Modern}
})

// spec says what an entry in a test is.
type spec struct {
	image           int    // any number
	email           string // "" is eve@example.org
	at              int    // minutes from an hour before now
	second          int    // and seconds
	tag, deprecated string
	valid           string // "" is 2099
	comment         string
}

func (s spec) signed(t testing.TB) []byte {
	t.Helper()
	digest := sha1.Sum(fmt.Appendf(nil, "image %d", s.image))
	id := metadata.IdentifierOf(digest[:])
	if s.valid == "" {
		s.valid = "2099-01-01T00:00:00Z"
	}
	optional := ""
	if s.deprecated != "" {
		optional += "<slterms:deprecated>" + s.deprecated + "</slterms:deprecated>"
	}
	if s.tag != "" {
		optional += "<dcterms:alternative>" + s.tag + "</dcterms:alternative>"
	}
	src := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dcterms="http://purl.org/dc/terms/" xmlns:slterms="http://mp.stratuslab.eu/slterms#"
 xmlns:slreq="http://mp.stratuslab.eu/slreq#" xml:base="http://mp.stratuslab.eu/">
  <rdf:Description rdf:about="#%[1]s">
    <dcterms:identifier>%[1]s</dcterms:identifier>
    <slreq:bytes>12</slreq:bytes>
    <slreq:checksum rdf:parseType="Resource">
      <slreq:algorithm>SHA-1</slreq:algorithm><slreq:value>%[2]s</slreq:value></slreq:checksum>
    <slreq:endorsement rdf:parseType="Resource"/>
    <dcterms:type>base</dcterms:type><dcterms:title>Image %[3]d</dcterms:title><slterms:os>ubuntu</slterms:os>
    <dcterms:description>%[6]s</dcterms:description>
    <dcterms:valid>%[4]s</dcterms:valid>%[5]s
    <slterms:location>http://example.org/images/%[3]d.img</slterms:location>
  </rdf:Description>
</rdf:RDF>
`, id, hex.EncodeToString(digest[:]), s.image, s.valid, optional, s.comment)
	signer := signerOf()
	signer.Email = s.email
	if s.email == "" {
		signer.Email = "eve@example.org"
	}
	signer.Created = now.Add(-time.Hour).Add(time.Duration(s.at)*time.Minute + time.Duration(s.second)*time.Second)
	return entrytest.SignSource(t, []byte(src), signer)
}

func (s spec) entry(t testing.TB) *entry.Entry {
	t.Helper()
	return verify(t, s.signed(t))
}

func verify(t testing.TB, src []byte) *entry.Entry {
	t.Helper()
	e, err := entry.Verify(src)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// at returns a writer at the time of the tests.
func at(f files) *Writer {
	w := newWriter(f)
	w.now = func() time.Time { return now }
	return w
}

// memory is a directory in memory where there is such a file system, for tests
// in which no disk has a part.
func memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "registry-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func localFiles(t testing.TB, dir string) files {
	t.Helper()
	f, err := registry.Local(dir)
	must(t, err)
	return local{f}
}

func dial(t testing.TB, s *sshdtest.Server) *remote.SFTP {
	t.Helper()
	session, err := remote.DialSFTP(context.Background(), s.User, s.Host, s.Port, s.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// both runs a test with a directory of this host and with one behind sshd.
func both(t *testing.T, test func(t *testing.T, f files, dir string)) {
	t.Run("local", func(t *testing.T) {
		dir := filepath.Join(memory(t), "new", "registry")
		test(t, localFiles(t, dir), dir)
	})
	t.Run("sftp", func(t *testing.T) {
		dir := filepath.Join(memory(t), "new", "registry")
		test(t, distant{registry.SFTP(dial(t, sshdtest.Start(t)).Client, dir)}, dir)
	})
}

func publish(t testing.TB, w *Writer, entries ...*entry.Entry) {
	t.Helper()
	for _, e := range entries {
		key, existed, err := w.Publish(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if existed || key != e.Key {
			t.Errorf("%s is at %s, existed: %v", e.Path(), key.Path(), existed)
		}
	}
}

// found returns the paths that a query finds.
func found(t testing.TB, f registry.Files, q entry.Query) []string {
	t.Helper()
	var paths []string
	for e, err := range registry.New(f).Find(t.Context(), q) {
		if err != nil {
			t.Errorf("%+v: %v", q, err)
			continue
		}
		paths = append(paths, e.Path())
	}
	return paths
}

func paths(entries ...*entry.Entry) []string {
	var paths []string
	for _, e := range entries {
		paths = append(paths, e.Path())
	}
	return paths
}

// tree reads all files below a directory, without .stratus.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != dir {
			return nil // replaced meanwhile
		}
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.IsDir() && d.Name() == private {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			body, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			files[name] = string(body)
			return err
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// keys remembers good documents: the same ones are looked at many times.
var keys sync.Map

func keyOf(document []byte) (entry.Key, error) {
	if k, ok := keys.Load(string(document)); ok {
		return k.(entry.Key), nil
	}
	e, err := entry.Verify(document)
	if err != nil {
		return entry.Key{}, err
	}
	keys.Store(string(document), e.Key)
	return e.Key, nil
}

// checkReadable makes sure that whatever a reader can see is whole, and that nothing is
// listed that is not there.
func checkReadable(t testing.TB, dir string) {
	t.Helper()
	for name, body := range tree(t, dir) {
		if err := readable(dir, name, body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range logged(t, dir) {
		if _, err := os.Stat(filepath.Join(dir, s.Path())); err != nil {
			t.Errorf("listed, but not there: %v", err)
		}
	}
}

func readable(dir, name, body string) error {
	switch {
	case strings.HasSuffix(name, ".json"):
		if !json.Valid([]byte(body)) {
			return errors.New("not JSON")
		}
	case strings.HasSuffix(name, ".html"):
		if !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
			return errors.New("the end is missing")
		}
	case strings.HasSuffix(name, ".xml"):
		l, err := entry.ParseListing([]byte(body))
		for _, document := range l.Documents {
			k, bad := keyOf(document)
			if bad == nil {
				_, bad = os.Stat(filepath.Join(dir, k.Path()))
			}
			err = errors.Join(err, bad)
		}
		return err
	case entry.IsTime(filepath.Base(name)):
		if k, err := keyOf([]byte(body)); err != nil || k.Path() != name {
			return errors.Join(err, errors.New("holds "+k.Path()))
		}
	}
	return nil
}

// logged returns the rows of the log, the newest first.
func logged(t testing.TB, dir string) []entry.Summary {
	t.Helper()
	c, err := registry.New(localFiles(t, dir)).Since(t.Context(), "")
	must(t, err)
	return c.Rows
}

// listedIn returns the paths of the entries in a listing and those it leads to.
func listedIn(t testing.TB, dir, name string) (paths []string) {
	t.Helper()
	f := localFiles(t, dir)
	for n, more := 0, true; more; more = n > 0 {
		documents, older, err := registry.ReadListing(f, name, n)
		must(t, err)
		for _, document := range documents {
			k, err := keyOf(document)
			must(t, err)
			paths = append(paths, k.Path())
		}
		n = older
	}
	return paths
}

// checkComplete makes sure that the entries are listed wherever they belong, that no
// other is, and that nothing is left of any writer.
func checkComplete(t testing.TB, dir string, entries ...*entry.Entry) {
	t.Helper()
	checkReadable(t, dir)
	images := make(map[string][]string)
	for _, e := range entries {
		image := entry.Root + "/" + e.Identifier
		images[image] = append(images[image], e.Path())
		if tag := entry.TagPath(e.Email, e.Summary().Tag); tag != "" && !slices.Contains(listedIn(t, dir, tag), e.Path()) {
			t.Errorf("%s does not list %s", tag, e.Path())
		}
	}
	same := func(what string, want, got []string) {
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s lists (-want +got):\n%s", what, diff)
		}
	}
	for image, want := range images {
		same(image, want, listedIn(t, dir, image))
	}
	if _, err := os.Stat(filepath.Join(dir, registry.HeadFile)); err != nil {
		t.Error(err)
	}
	var rows []string
	for _, row := range logged(t, dir) {
		rows = append(rows, row.Path())
	}
	for _, name := range []string{"index.html", "feed.atom"} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(body), strings.Split(rows[0], "/")[1]) {
			t.Errorf("%s: %v, or it does not have the latest entry", name, err)
		}
	}
	same("the log", paths(entries...), rows)
	checkTidy(t, dir)
}

// checkTidy makes sure that nothing is left of any writer.
func checkTidy(t testing.TB, dir string) {
	t.Helper()
	for _, name := range []string{tmpDir, journalDir} {
		if left, err := os.ReadDir(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
			t.Errorf("%s has %v, %v", name, left, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, lockDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock is left: %v", err)
	}
}
