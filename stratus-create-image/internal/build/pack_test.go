package build

import "testing"

func TestApplianceName(t *testing.T) {
	for path, want := range map[string]string{
		"/images/web.ova": "web", "web server.ova.gz": "web-server", "é.ova": "appliance", "-x.ova": "x",
		".ova": "appliance", "a_b-1.2.ova": "a_b-1",
	} {
		if got := applianceName(path); got != want {
			t.Errorf("applianceName(%q) = %q, want %q", path, got, want)
		}
	}
}
