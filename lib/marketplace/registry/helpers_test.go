package registry

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
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:slterms="http://mp.stratuslab.eu/slterms#" xmlns:slreq="http://mp.stratuslab.eu/slreq#" xml:base="http://mp.stratuslab.eu/">
  <rdf:Description rdf:about="#%[1]s">
    <dcterms:identifier>%[1]s</dcterms:identifier>
    <slreq:bytes>12</slreq:bytes>
    <slreq:checksum rdf:parseType="Resource"><slreq:algorithm>SHA-1</slreq:algorithm><slreq:value>%[2]s</slreq:value></slreq:checksum>
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
	signer.Created = now.Add(-time.Hour).Add(time.Duration(s.at) * time.Minute)
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

// at makes a registry at the time of the tests.
func at(f Files) *Registry {
	r := New(f, "")
	r.now = func() time.Time { return now }
	return r
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

func localFiles(t testing.TB, dir string) Files {
	t.Helper()
	f, err := Local(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
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
func both(t *testing.T, test func(t *testing.T, f Files, dir string)) {
	t.Run("local", func(t *testing.T) {
		dir := filepath.Join(memory(t), "new", "registry")
		test(t, localFiles(t, dir), dir)
	})
	t.Run("sftp", func(t *testing.T) {
		dir := filepath.Join(memory(t), "new", "registry")
		test(t, SFTP(dial(t, sshdtest.Start(t)).Client, dir), dir)
	})
}

func publish(t testing.TB, r *Registry, entries ...*entry.Entry) {
	t.Helper()
	for _, e := range entries {
		existed, err := r.Publish(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if existed {
			t.Errorf("%s existed", e.Path())
		}
	}
}

// found gives the paths that a query finds.
func found(t testing.TB, r *Registry, q entry.Query) []string {
	t.Helper()
	var paths []string
	for e, err := range r.Find(t.Context(), q) {
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

// checkReadable makes sure that whatever a reader can see is whole, and that
// nothing is listed that is not there.
func checkReadable(t testing.TB, dir string) {
	t.Helper()
	files := tree(t, dir)
	known := func(document []byte) error {
		k, err := keyOf(document)
		if err == nil {
			_, err = os.Stat(filepath.Join(dir, k.Path()))
		}
		return err
	}
	for name, body := range files {
		var err error
		switch {
		case strings.HasSuffix(name, ".json"):
			if !json.Valid([]byte(body)) {
				err = errors.New("not JSON")
			}
		case strings.HasSuffix(name, ".html"):
			if !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
				err = errors.New("the end is missing")
			}
		case strings.HasSuffix(name, ".xml") && !strings.HasPrefix(name, endorsersDir):
			var l entry.Listing
			l, err = entry.ParseListing([]byte(body))
			for _, document := range l.Documents {
				err = errors.Join(err, known(document))
			}
		case entry.IsTime(filepath.Base(name)):
			var k entry.Key
			if k, err = keyOf([]byte(body)); err == nil && k.Path() != name {
				err = errors.New("holds " + k.Path())
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for s, err := range at(localFiles(t, dir)).Summaries(t.Context()) {
		if err != nil {
			t.Error(err)
		} else if _, err := os.Stat(filepath.Join(dir, s.Path())); err != nil {
			t.Errorf("listed, but not there: %v", err)
		}
	}
}

// checkComplete makes sure that the entries are listed wherever they belong,
// that no other is, and that nothing is left of any writer.
func checkComplete(t testing.TB, dir string, entries ...*entry.Entry) {
	t.Helper()
	checkReadable(t, dir)
	r := at(localFiles(t, dir))
	logs := map[string][]string{}
	for _, e := range entries {
		logs[entry.Root] = append(logs[entry.Root], e.Path())
		logs[entry.Root+"/"+e.Email] = append(logs[entry.Root+"/"+e.Email], e.Path())
		if tag := e.Summary().Tag; tag != "" {
			logs[tagDir(e.Email, tag)] = append(logs[tagDir(e.Email, tag)], e.Path())
		}
		for _, name := range []string{".html", ".json"} {
			if _, err := os.Stat(filepath.Join(dir, e.Path()+name)); err != nil {
				t.Error(err)
			}
		}
		checkSmall(t, r, e)
	}
	for log, want := range logs {
		var got []string
		for s, err := range r.rows(t.Context(), log) {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(log, tags) || tagDir(s.Email, s.Tag) == log {
				got = append(got, s.Path())
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s lists (-want +got):\n%s", log, diff)
		}
	}
	for _, name := range []string{tmpDir, journalDir} {
		if left, err := os.ReadDir(filepath.Join(dir, name)); err != nil || len(left) > 0 {
			t.Errorf("%s has %v, %v", name, left, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, lockDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock is left: %v", err)
	}
}

// checkSmall makes sure that the small scopes of an entry list it, or a newer
// one of the same image and endorser.
func checkSmall(t testing.TB, r *Registry, e *entry.Entry) {
	t.Helper()
	for _, sc := range smallScopes(e.Key) {
		listing, err := r.listing(sc.dir + "/index.all.xml")
		if err != nil {
			t.Error(err)
		}
		if !slices.ContainsFunc(listing.Documents, func(document []byte) bool {
			k, err := keyOf(document)
			return err == nil && k.Identifier == e.Identifier && k.Email == e.Email && k.Created >= e.Created
		}) {
			t.Errorf("%s does not list %s", sc.dir, e.Path())
		}
	}
}
