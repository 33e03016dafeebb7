package remote_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/remote"
)

func TestParseSFTP(t *testing.T) {
	type parts struct{ User, Host, Port, Path string }
	for url, want := range map[string]parts{
		"sftp://me@Host.example/srv/tree":  {"me", "host.example", "22", "/srv/tree"},
		"sftp://host:2222/srv//tree/../x/": {"", "host", "2222", "/srv/x"},
		"sftp://host/":                     {"", "host", "22", "/"},
		"sftp://host/~":                    {"", "host", "22", "."},
		"sftp://host/~/":                   {"", "host", "22", "."},
		"sftp://host/~/a/b":                {"", "host", "22", "a/b"},
		"sftp://host/~/../a//b":            {"", "host", "22", "../a/b"},
		"sftp://host/~//a":                 {"", "host", "22", "a"},
		"sftp://host/~other/a":             {"", "host", "22", "/~other/a"},
		"sftp://a%40b@[::1]:22/a%20b":      {"a@b", "::1", "22", "/a b"},
	} {
		user, host, port, path, err := remote.ParseSFTP(url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
		}
		if diff := cmp.Diff(want, parts{user, host, port, path}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", url, diff)
		}
	}
	for url, want := range map[string]string{
		"http://host/a":              "scheme",
		"/srv/tree":                  "scheme",
		"sftp:///srv/tree":           "no host",
		"sftp://host":                "no path",
		"sftp://u:secret@host/a":     "password",
		"sftp://u:secret@host:port/": "port",
		"sftp://host:0/a":            "port",
		"sftp://host:65536/a":        "port",
		"sftp://host/a?b":            "query",
		"sftp://host/a#b":            "fragment",
		"sftp://host/a%00b":          "control",
		"sftp://u%0a@host/a":         "control",
	} {
		_, _, _, _, err := remote.ParseSFTP(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want one that says %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func FuzzParseSFTP(f *testing.F) {
	for _, seed := range []string{
		"sftp://me@host:22/srv", "sftp://host/~/x", "sftp://[::1%25lo]:1/a", "sftp://u:p@h/", "sftp://h/%2e%2e/~/%00", "sftp://h//~/..",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		user, host, port, path, err := remote.ParseSFTP(url)
		if err != nil {
			return
		}
		if host == "" || path == "" || strings.ContainsAny(user+host+path, "\x00\n") {
			t.Errorf("%q: got %q, %q, %q", url, user, host, path)
		}
		if filepath.Clean(path) != path {
			t.Errorf("%q: path %q is not clean", url, path)
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	})
}
