package recipe

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sources = `# deb http://deb.debian.org/debian stays
deb [signed-by=/k.gpg] http://deb.debian.org/debian/ bookworm main # x
Types: deb
URIs: https://ftp.example.org/pub/debian
  http://security.debian.org/debian-security
Suites: bookworm
deb http://third.example.org/tool ./`

// mirrors parses mirrors.
func mirrors(t *testing.T, texts ...string) (m Mirrors) {
	t.Helper()
	for _, text := range texts {
		mirror, err := ParseMirror(text)
		if err != nil {
			t.Fatal(err)
		}
		m = append(m, mirror)
	}
	return m
}

func TestMirrorRewrite(t *testing.T) {
	tests := []struct {
		mirrors []string
		want    string
	}{
		{
			[]string{"http://10.0.2.2:3142/debian/"},
			strings.NewReplacer("] http://deb.debian.org/debian/", "] http://10.0.2.2:3142/debian",
				"https://ftp.example.org/pub/debian", "http://10.0.2.2:3142/debian").
				Replace(sources),
		},
		{
			[]string{"http://security.debian.org/debian-security=https://m/all"},
			strings.Replace(sources, "http://security.debian.org/debian-security", "https://m/all", 1),
		},
		{[]string{"http://m/ubuntu"}, sources},
	}
	for _, test := range tests {
		m := mirrors(t, test.mirrors...)
		if diff := cmp.Diff(test.want, m.rewrite(sources)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m, diff)
		}
	}
	for _, bad := range []string{"", "ftp://m/debian", "http://m", "http://user:secret@m/debian", "x=http://m/debian",
		"http://m/$(id)/debian", "http://m/debian x"} {
		if m, err := ParseMirror(bad); err == nil {
			t.Errorf("ParseMirror(%q) = %v", bad, m)
		}
	}
}

func FuzzMirror(f *testing.F) {
	f.Add("http://m/debian", sources)
	f.Add("http://a/x=http://b/y", "deb http://a/x/ ./")
	f.Fuzz(func(t *testing.T, mirror, text string) {
		one, err := ParseMirror(mirror)
		if err != nil || strings.Contains(text, one.to) {
			return
		}
		m := Mirrors{one}
		rewritten := m.rewrite(text)
		if again := m.rewrite(rewritten); again != rewritten {
			t.Errorf("%q: %q became %q and then %q", mirror, text, rewritten, again)
		}
		if rewritten != text && !strings.Contains(rewritten, one.to) ||
			strings.Count(rewritten, "\n") != strings.Count(text, "\n") {
			t.Errorf("%q: %q became %q", mirror, text, rewritten)
		}
	})
}
