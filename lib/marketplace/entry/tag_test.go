package entry

import (
	"strings"
	"testing"
)

func TestTagPath(t *testing.T) {
	for tag, want := range map[string]string{
		"":                       "",
		"latest":                 "tag/a@b/latest",
		"24.04 LTS é":            "tag/a@b/24.04 LTS é",
		"..":                     "tag/a@b/%2E.",
		".hidden":                "tag/a@b/%2Ehidden",
		"../../etc":              "tag/a@b/%2E.%2F..%2Fetc",
		"a/b":                    "tag/a@b/a%2Fb",
		"100%2F":                 "tag/a@b/100%252F",
		"a\nb\x00":               "tag/a@b/a%0Ab%00",
		strings.Repeat("x", 200): "tag/a@b/" + strings.Repeat("x", 200),
		strings.Repeat("x", 201): "",
		strings.Repeat("/", 67):  "",
	} {
		if got := TagPath("a@b", tag); got != want {
			t.Errorf("%q: got %q, want %q", tag, got, want)
		}
	}
}
