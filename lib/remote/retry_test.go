package remote

import (
	"net/http"
	"testing"
	"time"
)

func TestPause(t *testing.T) {
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, test := range []struct {
		attempt int
		header  string // Retry-After
		want    time.Duration
	}{
		{0, "", time.Second},
		{1, "", 2 * time.Second},
		{5, "", 32 * time.Second},
		{6, "", time.Minute},
		{1 << 30, "", time.Minute},
		{0, "0", 0},
		{0, "7", 7 * time.Second},
		{0, "3600", time.Minute},
		{0, at(9 * time.Second), 9 * time.Second},
		{0, at(time.Hour), time.Minute},
		{0, at(-time.Hour), 0},
		{0, "-1", time.Second},
		{0, "99999999999999999999", time.Second},
		{0, "soon", time.Second},
	} {
		resp := &http.Response{Header: http.Header{}}
		resp.Header.Set("Retry-After", test.header)
		if got := pause(time.Second, time.Minute, test.attempt, resp, now); got != test.want {
			t.Errorf("attempt %d, Retry-After %q: got %s, want %s", test.attempt, test.header, got, test.want)
		}
	}
	if got := pause(time.Second, time.Minute, 0, nil, now); got != time.Second {
		t.Errorf("no response: got %s", got)
	}
}
