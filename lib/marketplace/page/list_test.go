package page

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

func TestStatus(t *testing.T) {
	for _, test := range []struct {
		name string
		s    entry.Summary
		want badge
	}{
		{"valid", entry.Summary{Valid: "2027-01-01T00:00:00Z"}, badge{entry.Valid, "2027-01-01T00:00:00Z", "Valid until 2027-01-01T00:00:00Z"}},
		{"expired", entry.Summary{Valid: "2026-01-01T00:00:00Z"}, badge{entry.Expired, "", "Expired on 2026-01-01T00:00:00Z"}},
		{"no expiry", entry.Summary{}, badge{entry.Expired, "", "It has no time of expiry, and is never listed as valid."}},
		{"deprecated", entry.Summary{Valid: "2027-01-01T00:00:00Z", Deprecated: "old"}, badge{entry.Deprecated, "", "old"}},
	} {
		if diff := cmp.Diff(test.want, newBadge(test.s, now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1<<20 - 1: "1.0 MiB", 1536 << 20: "1.5 GiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := size(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	s := entry.Summary{OS: "Ubuntu", OSVersion: "24.04", OSArch: "x86_64", Title: "Web server"}
	s.Email = "alice@example.org"
	for query, want := range map[string]bool{
		"": true, "os=ubu": true, "os=UBUNTU": true, "os=debian": false, "version=24": true, "version=^24": false, "arch=x86": true,
		"endorser=ALICE%40": true, "title=+server+": true, "title=server&os=alpine": false, "status=expired": true,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		search := ParseSearch(q)
		if got := search.Matches(s); got != want {
			t.Errorf("%q: got %t, want %t", query, got, want)
		}
		if diff := cmp.Diff(search, ParseSearch(search.Values())); diff != "" {
			t.Errorf("%q read again:\n%s", query, diff)
		}
	}
}
