package command

import (
	"testing"
	"time"
)

func TestNow(t *testing.T) {
	tests := []struct {
		value string
		want  string // empty for an error
	}{
		{"0", "1970-01-01T00:00:00Z"},
		{"1700000000", "2023-11-14T22:13:20Z"},
		{"253402300799", "9999-12-31T23:59:59Z"},
		{"253402300800", ""}, {"-1", ""}, {"soon", ""}, {"1.5", ""},
	}
	for _, tt := range tests {
		t.Setenv("SOURCE_DATE_EPOCH", tt.value)
		got, err := Now()
		if tt.want == "" {
			if exitCode(err) != ExitUsage {
				t.Errorf("%q: got %v, want a usage error", tt.value, err)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != tt.want {
			t.Errorf("%q: got %v (%v), want %s", tt.value, got, err, tt.want)
		}
	}
	t.Setenv("SOURCE_DATE_EPOCH", "")
	got, err := Now()
	since := time.Since(got)
	if err != nil || since < 0 || since > time.Minute || got.Nanosecond() != 0 || got.Location() != time.UTC {
		t.Errorf("got %v (%v), want the present second in UTC", got, err)
	}
}
