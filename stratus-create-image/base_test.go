package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
)

func TestIdentifier(t *testing.T) {
	w := newWorld(t)
	w.describe(entrytest.Description{Texts: map[metadata.Term]string{metadata.Alternative: "disk"}})
	id := w.identifier()
	messages := w.run(4, []string{id}, "not using "+id+" as "+jane, "hint: .*--trust-endorser "+w.fingerprint())
	if strings.Contains(messages, obtained) || w.asked.Load() > 0 {
		t.Errorf("it was downloaded all the same:\n%s", messages)
	}
	w.run(0, w.trusted("--dry-run", id), `entry +`+id+`, endorsed by `+jane, "from +"+w.location, "cache .*not there yet", "qemu ")
	if _, err := os.Stat(w.cache); !errors.Is(err, fs.ErrNotExist) || w.asked.Load() > 0 {
		t.Errorf("a dry run leaves a cache (%v), or downloads", err)
	}
	w.run(2, w.trusted(id), "the base is "+id+", endorsed by "+jane+" .*"+w.fingerprint(), `downloaded "`+w.location, obtained)
	w.checkCached()
	w.run(2, w.trusted(jane+"/disk"), "which was downloaded before", obtained)
	w.run(2, []string{"--insecure-no-trust", id}, "anybody can sign", obtained)
	w.run(0, w.trusted("--dry-run", id), "cache .*which is the image")
	if got := w.asked.Load(); got != 1 {
		t.Errorf("the server was asked %d times, want once", got)
	}
	w.run(5, w.trusted("J7M1U1pZuOJOcq_d7bypZorP2KY"), "has no such entry")
	w.run(5, w.trusted(jane+"/other"), "has no such entry")
}

func TestDescriptions(t *testing.T) {
	w := newWorld(t)
	path := w.describe(entrytest.Description{})
	server := httptest.NewServer(http.FileServer(http.Dir(w.market)))
	defer server.Close()
	url := server.URL + strings.TrimPrefix(path, w.market)
	for _, base := range []string{path, "file://" + path, url} {
		w.run(2, w.trusted("--no-cache", base), obtained)
		w.run(4, []string{base}, "--trust-endorser")
	}
	if _, err := os.Stat(w.cache); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("--no-cache leaves a cache: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, w.dir+"/changed.xml", strings.Replace(string(text), "1.9", "1.8", 1), 0o644)
	w.run(3, w.trusted("changed.xml"), "changed.xml")
	elsewhere := filepath.Join(filepath.Dir(path), "2020-01-01T00:00:00Z") // of that time it is not
	writeFile(t, elsewhere, string(text), 0o644)
	w.run(3, w.trusted(elsewhere), "found at .*2020-01-01T00:00:00Z")
	w.run(3, w.trusted("file:///does/not/exist"), `opening "file:///does/not/exist": no such file or directory`)
	w.run(3, w.trusted(server.URL+"/"), "a web page|not a signed description") // a listing of the directory
	w.run(5, w.trusted(url+"x"), "404")
}

func TestPolicy(t *testing.T) {
	w := newWorld(t)
	w.describe(entrytest.Description{})
	id := w.identifier()
	sha256OfImage := fmt.Sprintf("[checksums]\nblacklistchecksums = %x\n", sha256.Sum256(w.image))
	for _, test := range []struct {
		name   string
		policy string
		args   []string
		code   int
		says   string
	}{
		{
			"a pinned endorser", "[endorsers]\nwhitelistendorsers =\n    " + jane + " " + w.fingerprint() + "\n",
			[]string{id}, 2, obtained,
		},
		{
			"others allowed", "[endorsers]\nwhitelistendorsers =\n    john@example.org\n",
			w.trusted(id), 4, "whitelistendorsers",
		},
		{
			"endorser forbidden", "[endorsers]\nblacklistendorsers = " + jane + "\n",
			w.trusted(id), 4, "blacklistendorsers",
		},
		{
			"image forbidden", "[images]\nblacklistimages = " + id + "\n",
			w.trusted(id), 4, "blacklistimages",
		},
		{
			"image forbidden, no trust needed", "[images]\nblacklistimages = " + id + "\n",
			[]string{"--insecure-no-trust", id}, 4, "blacklistimages",
		},
		{
			"endorser forbidden, no trust needed", "[endorsers]\nblacklistendorsers = " + jane + "\n",
			[]string{"--insecure-no-trust", id}, 4, "blacklistendorsers",
		},
		{
			"another endorser forbidden", "[endorsers]\nblacklistendorsers = eve@example.org\n",
			[]string{"--insecure-no-trust", id}, 2, "anybody can sign",
		},
		{
			"checksum forbidden, which the description leaves out", sha256OfImage,
			w.trusted(id), 4, "not using the image " + id + ".*blacklistchecksums",
		},
		{
			"checksum forbidden, image in the cache", sha256OfImage,
			w.trusted(id), 4, "which was downloaded before",
		},
		{
			"checksum forbidden, dry run", sha256OfImage,
			w.trusted("--dry-run", id), 4, "blacklistchecksums",
		},
		{
			"checksum forbidden, no trust needed", sha256OfImage,
			[]string{"--insecure-no-trust", id}, 4, "blacklistchecksums",
		},
		{
			"not a policy", "[nonsense]\n",
			w.trusted(id), 4, "policy.cfg",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.t = t
			writeFile(t, w.dir+"/policy.cfg", test.policy, 0o644)
			w.run(test.code, append([]string{"--policy", "policy.cfg"}, test.args...), test.says)
		})
	}
}

func TestStatuses(t *testing.T) {
	w := newWorld(t)
	yesterday := time.Now().AddDate(0, 0, -1)
	w.describe(entrytest.Description{Created: yesterday.Add(-time.Hour), Valid: yesterday})
	id := w.identifier()
	w.run(3, w.trusted(id), "expired on", "hint: add --allow-expired")
	w.run(2, w.trusted("--allow-expired", id), "expired on", obtained)
	w.describe(entrytest.Description{Texts: map[metadata.Term]string{metadata.Deprecated: "has a hole"}})
	w.run(3, w.trusted("--allow-expired", id), "deprecated by "+jane+".*has a hole", "hint: add --allow-deprecated")
	w.run(2, w.trusted("--allow-deprecated", id), "has a hole", obtained)
}

func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	at := func(location string) map[metadata.Term]string {
		return map[metadata.Term]string{metadata.Location: location}
	}
	w.describe(entrytest.Description{Texts: at("https://no-tls" + strings.TrimPrefix(gone.URL, "http://127.0.0.1"))})
	w.run(6, w.trusted(w.identifier()), "no-tls")
	w.describe(entrytest.Description{Created: time.Now().Add(time.Minute), Texts: at("pdisk:example:1")})
	w.run(3, w.trusted(w.identifier()), `the scheme of "pdisk:example:1" is not supported`)
}

func TestBaseSHA256(t *testing.T) {
	w := newWorld(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(w.image); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	compressed := packed.Bytes()
	w.served.Store(&compressed)
	writeFile(t, w.dir+"/disk.gz", packed.String(), 0o644)
	ofFile, ofImage := fmt.Sprintf("%x", sha256.Sum256(packed.Bytes())), fmt.Sprintf("%x", sha256.Sum256(w.image))
	for _, sum := range []string{ofFile, ofImage} {
		for range 2 { // downloaded, and cached
			w.run(2, []string{"--base-sha256", sum, w.location}, obtained)
		}
		w.run(2, []string{"--base-sha256", sum, "file://" + w.dir + "/disk.gz"}, obtained)
		w.run(2, []string{"--base-sha256", sum, "disk.gz"}, obtained)
	}
	if got := w.asked.Load(); got != 2 {
		t.Errorf("the server was asked %d times, want twice", got)
	}
	wrong := strings.Repeat("ab", 32)
	w.run(3, []string{"--base-sha256", wrong, w.location}, "its SHA-256 is "+ofFile+", uncompressed "+ofImage+", want "+wrong)
	w.run(3, []string{"--base-sha256", wrong, "disk.gz"}, "its SHA-256 is "+ofFile+", uncompressed "+ofImage+", want "+wrong)
	w.run(2, []string{w.location}, "not a signed description", "hint: .*--base-sha256")
}

// TestCacheOwner: a cache in which others may write is not used.
func TestCacheOwner(t *testing.T) {
	w := newWorld(t)
	w.describe(entrytest.Description{})
	w.run(2, w.trusted(w.identifier()), obtained)
	if err := os.Chmod(w.cache, 0o777); err != nil {
		t.Fatal(err)
	}
	w.run(1, w.trusted(w.identifier()), "unsafe image cache: others may write", "hint: .*XDG_CACHE_HOME.*--no-cache")
	w.run(1, w.trusted("--dry-run", w.identifier()), "others may write")
	w.run(2, w.trusted("--no-cache", w.identifier()), obtained)
}

// TestTogether: of two builds with one base, one downloads it.
func TestTogether(t *testing.T) {
	w := newWorld(t)
	w.describe(entrytest.Description{})
	args := append([]string{"--no-save", "--disk-size", "1K"}, w.trusted(w.identifier())...)
	a, b := w.start(args...), w.start(args...)
	for _, c := range []*child{a, b} {
		if code := c.wait(); code != 2 || !strings.Contains(c.stderr.String(), obtained) {
			t.Errorf("exit code %d:\n%s", code, c.stderr.String())
		}
	}
	if got := w.asked.Load(); got != 1 {
		t.Errorf("the server was asked %d times, want once", got)
	}
}

func TestCacheSize(t *testing.T) {
	w := newWorld(t)
	w.describe(entrytest.Description{})
	w.run(2, w.trusted("--cache-size", "100K", w.identifier()), obtained)
	if files, err := filepath.Glob(w.cache + "/sha*"); err != nil || len(files) > 0 {
		t.Errorf("kept: %q, %v", files, err)
	}
	// The image and two snapshots together have more than the next limit: the oldest goes.
	for hours, name := range []string{"new", "old"} {
		dir := filepath.Join(cache.In(filepath.Dir(w.cache)).Snapshots, name)
		writeFile(t, dir+"/ram", strings.Repeat("x", 300<<10), 0o600)
		writeFile(t, dir+"/"+cache.ManifestFile, "", 0o600)
		used := time.Now().Add(-time.Duration(hours+1) * time.Hour)
		if err := os.Chtimes(dir+"/"+cache.ManifestFile, used, used); err != nil {
			t.Fatal(err)
		}
	}
	w.run(2, w.trusted("--cache-size", "1400K", w.identifier()), obtained)
	w.checkCached()
	if kept, err := filepath.Glob(w.cache + "/../warm/*"); err != nil || len(kept) != 1 || filepath.Base(kept[0]) != "new" {
		t.Errorf("kept: %q, %v", kept, err)
	}
}

// TestSecrets: no program gets the passphrase of the user's certificate.
func TestSecrets(t *testing.T) {
	w := newWorld(t)
	w.describe(entrytest.Description{})
	writeFile(t, w.dir+"/bin/qemu-img", "#!/bin/sh\nenv >>"+w.dir+"/environment\nexit 1\n", 0o755)
	writeFile(t, w.dir+"/disk.raw", string(w.image), 0o644)
	w.env = append(w.env, "PATH="+w.dir+"/bin:"+os.Getenv("PATH"), "STRATUSLAB_P12_PASSWORD=the secret")
	for _, args := range [][]string{w.trusted(w.identifier()), {"--insecure-no-trust", w.identifier()}, {"disk.raw"}} {
		b := w.start(append([]string{"--no-save"}, args...)...)
		if code := b.wait(); code != 1 {
			t.Errorf("exit code %d:\n%s", code, b.stderr.String())
		}
		text, err := os.ReadFile(w.dir + "/environment")
		if err != nil || !strings.Contains(string(text), "PATH=") || strings.Contains(string(text), "the secret") {
			t.Errorf("the environment of qemu-img: %s, %v", text, err)
		}
		if err := os.Remove(w.dir + "/environment"); err != nil {
			t.Error(err)
		}
	}
}
