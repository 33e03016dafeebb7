package remote

import (
	"net/url"
	"testing"
)

func TestFilePath(t *testing.T) {
	for text, want := range map[string]string{
		"file:///srv/a%20b":       "/srv/a b",
		"file://localhost/srv/x/": "/srv/x",
		"file:///srv/../etc":      "/etc",
		"file://example.org/srv":  "",
		"file://jane@/srv":        "",
		"file:srv":                "",
		"file:///srv?x":           "",
		"file:///srv#x":           "",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := FilePath(u); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}
