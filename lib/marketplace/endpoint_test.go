package marketplace

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
)

func TestParseEndpoint(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("market.place", 0o755); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		want       string // URL; empty for an error
		says       string
	}{
		{name: "service", text: "https://market.example.org/stratus", want: "https://market.example.org/stratus"},
		{name: "port", text: "http://127.0.0.1:8081", want: "http://127.0.0.1:8081"},
		{name: "case of the scheme", text: "HTTPS://market.example.org", want: "https://market.example.org"},
		{name: "sftp", text: "sftp://jane@example.org:2222/srv/market", want: "sftp://jane@example.org:2222/srv/market"},
		{name: "file", text: "file:///srv/market", want: "file:///srv/market"},
		{name: "path", text: "/srv/market", want: "file:///srv/market"},
		{name: "relative path", text: "./new", want: "file://" + here + "/new"},
		{name: "directory with a dot", text: "market.place", want: "file://" + here + "/market.place"},
		{name: "percent sign", text: "/srv/100%", want: "file:///srv/100%25"},
		{name: "host without a scheme", text: "market.example.org", says: "write https://market.example.org for a host"},
		{name: "empty", text: "", says: `""`},
		{name: "other scheme", text: "ftp://example.org/", says: `the scheme "ftp" is not supported; want http, https, sftp or file`},
		{name: "query", text: "https://example.org/?a=b", says: "https://example.org/"},
		{name: "password", text: "https://jane:hunter2@example.org/", says: "example.org"},
		{name: "password for sftp", text: "sftp://jane:hunter2@example.org/srv", says: "not a valid endpoint"},
		{name: "no URL", text: "https://jane:hunter2@exa mple.org/%zz", says: "the URL cannot be read"},
		{name: "file on a host", text: "file://example.org/srv", says: "not a valid endpoint"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseEndpoint(test.text)
			if test.want == "" {
				if !errors.Is(err, errEndpoint) || report.KindOf(err) != report.Usage || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %v, want a usage error with %q", err, test.says)
				}
				if err != nil && strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error quotes the password: %v", err)
				}
				return
			}
			if err != nil || got.String() != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestConnectionURL(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "100% new")
	c, err := Connect(t.Context(), dir, Access{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	k := entry.Key{Identifier: "J7M1U1pZuOJOcq_d7bypZorP2KY", Email: "a%b@example.org", Created: "2026-11-30T00:00:00Z"}
	want := "file://" + strings.ReplaceAll(strings.ReplaceAll(dir, "%", "%25"), " ", "%20") +
		"/metadata/J7M1U1pZuOJOcq_d7bypZorP2KY/a%25b@example.org/2026-11-30T00:00:00Z"
	if got := c.URL(k); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParseEndpoint(f *testing.F) {
	for _, text := range []string{"https://example.org/a", "sftp://jane@example.org/srv", "file:///srv",
		"./a", "a.b", "x://", "://"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseEndpoint(text)
		if (err != nil) != errors.Is(err, errEndpoint) {
			t.Fatalf("the error does not wrap errEndpoint: %v", err)
		}
		if err != nil {
			return
		}
		if again, err := parseEndpoint(at.String()); err != nil || again.String() != at.String() {
			t.Errorf("%q is written as %q, which is read as %q, %v", text, at, again, err)
		}
	})
}
