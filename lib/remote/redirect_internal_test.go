package remote

import (
	"net/url"
	"testing"
)

func TestSameHost(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"http://host/a", "http://HOST:80/b", true},
		{"http://host/a", "https://host/b", true},
		{"https://host/a", "https://host:443/b", true},
		{"https://host/a", "http://host/b", false},
		{"http://host:8080/a", "https://host/b", false},
		{"https://host:8443/a", "https://host/b", false},
		{"https://host/a", "https://www.host/b", false},
		{"https://www.host/a", "https://host/b", false},
		{"https://[::1]/a", "https://[::1]:443/b", true},
	} {
		a, err := url.Parse(test.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := url.Parse(test.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := sameHost(a, b); got != test.want {
			t.Errorf("%q, %q: got %t, want %t", a, b, got, test.want)
		}
	}
}
