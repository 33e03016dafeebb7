package entry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// TestNewest: whatever the order of arrival, the newest entry of each series
// counts, and two certificates that claim one address make two series.
func TestNewest(t *testing.T) {
	type arrival struct{ by, created string }
	tests := map[string]struct {
		arrivals []arrival
		want     []string
	}{
		"nothing":         {nil, []string{}},
		"newest last":     {[]arrival{{"a", "1"}, {"a", "2"}, {"a", "3"}}, []string{"a3"}},
		"newest first":    {[]arrival{{"a", "3"}, {"a", "2"}, {"a", "1"}}, []string{"a3"}},
		"newest between":  {[]arrival{{"a", "1"}, {"a", "3"}, {"a", "2"}}, []string{"a3"}},
		"two series":      {[]arrival{{"a", "1"}, {"b", "4"}, {"a", "2"}, {"b", "3"}}, []string{"b4", "a2"}},
		"the same second": {[]arrival{{"b", "1"}, {"b", "1"}}, []string{"b1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var n entry.Newest[string]
			for _, a := range test.arrivals {
				key := entry.Key{Identifier: "x", Email: "e@example.org", Created: a.created}
				n.Add(entry.Series{Identifier: "x", Email: "e@example.org", Fingerprint: a.by}, key, a.by+a.created)
			}
			if diff := cmp.Diff(test.want, n.Values()); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}
