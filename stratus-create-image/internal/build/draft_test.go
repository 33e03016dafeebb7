package build

import "testing"

func TestNextVersion(t *testing.T) {
	for version, want := range map[string]string{
		"1.0": "1.1", "1": "2", "2.9": "2.10", "1.a": "1.a.1", "0.0.99": "0.0.100", "1.09": "1.10", "1.0-rc2": "1.0-rc3", "v": "v.1",
		"99999999999999999999": "100000000000000000000", "007": "008", "999": "1000",
	} {
		if got := nextVersion(version); got != want {
			t.Errorf("nextVersion(%q) = %q, want %q", version, got, want)
		}
	}
}

func TestCreator(t *testing.T) {
	for _, test := range []struct{ author, email, want string }{
		{"Jane", "j@x.org", "Jane <j@x.org>"}, {"Jane", "", "Jane"}, {"", "j@x.org", "j@x.org"}, {"", "", ""},
	} {
		if got := creator(test.author, test.email); got != test.want {
			t.Errorf("creator(%q, %q) = %q", test.author, test.email, got)
		}
	}
}
