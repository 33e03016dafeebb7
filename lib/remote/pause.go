package remote

import (
	"context"
	"net/http"
	"time"
)

// Pause waits before a request is sent again that Do does not repeat, as long as
// Do would after that many attempts, 1 being the first. after is what the header
// Retry-After of the last answer says, or empty; why is for the user. The end of
// the context ends the wait, and is the error.
func (h *HTTP) Pause(ctx context.Context, attempts int, after, why string) error {
	last := &http.Response{Header: http.Header{"Retry-After": {after}}}
	wait := pause(h.options.Retries.MinWait, h.options.Retries.MaxWait, attempts-1, last, time.Now())
	h.options.Log("trying again in %s: %s", wait.Round(time.Millisecond), why)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
