package remote

import (
	"context"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// temporary reports whether a later answer may be another.
func temporary(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status >= 500
}

// repeat sends a request without body until it is answered for good or the
// tries are exhausted; the last answer or error is then the result.
func (h *HTTP) repeat(req *http.Request) (*http.Response, error) {
	var reason string
	retries := h.options.Retries
	client := &retryablehttp.Client{
		HTTPClient:   h.client,
		RetryMax:     retries.Attempts - 1,
		RetryWaitMin: retries.MinWait,
		RetryWaitMax: retries.MaxWait,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if err != nil {
				reason = err.Error()
				return repeatable(classify(ctx, err)), nil
			}
			reason = resp.Status
			return temporary(resp.StatusCode), nil
		},
		Backoff: func(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
			wait := pause(least, most, attempt, resp)
			h.options.Log("trying %q again in %s: %s", req.URL.Redacted(), wait.Round(time.Millisecond), reason)
			return wait
		},
	}
	repeated, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, err
	}
	return client.Do(repeated)
}

// pause returns the time to wait after an attempt, the first of which is 0: what
// Retry-After asks for, else twice as long as the last time; most at most.
func pause(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil { // the library reads the header of some answers only
		resp = &http.Response{StatusCode: http.StatusServiceUnavailable, Header: resp.Header}
	}
	return min(retryablehttp.DefaultBackoff(least, most, attempt, resp), most)
}

// Pause waits before a request is sent again that Do does not repeat, as long as
// Do would after that many attempts, 1 being the first. after is what the header
// Retry-After of the last answer says, or empty; why is for the user. The end of
// the context ends the wait, and is the error.
func (h *HTTP) Pause(ctx context.Context, attempts int, after, why string) error {
	last := &http.Response{Header: http.Header{"Retry-After": {after}}}
	wait := pause(h.options.Retries.MinWait, h.options.Retries.MaxWait, attempts-1, last)
	h.options.Log("trying again in %s: %s", wait.Round(time.Millisecond), why)
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
