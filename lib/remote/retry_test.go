package remote

import (
	"net/http"
	"testing"
	"time"
)

func TestPause(t *testing.T) {
	at := func(d time.Duration) string { return time.Now().UTC().Add(d).Format(http.TimeFormat) }
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
		{0, at(time.Hour), time.Minute},
		{0, at(-time.Hour), 0},
		{0, "-1", time.Second},
		{0, "99999999999999999999", time.Second},
		{0, "soon", time.Second},
	} {
		resp := &http.Response{Header: http.Header{}}
		resp.Header.Set("Retry-After", test.header)
		if got := pause(time.Second, time.Minute, test.attempt, resp); got != test.want {
			t.Errorf("attempt %d, Retry-After %q: got %s, want %s", test.attempt, test.header, got, test.want)
		}
	}
	resp := &http.Response{Header: http.Header{"Retry-After": {at(9 * time.Second)}}}
	if got := pause(time.Second, time.Minute, 0, resp); got <= 7*time.Second || got > 9*time.Second {
		t.Errorf("a date: got %s, want 9s, of which a second may be lost", got)
	}
	if got := pause(time.Second, time.Minute, 0, nil); got != time.Second {
		t.Errorf("no response: got %s", got)
	}
}
