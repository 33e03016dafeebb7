package remote

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// temporary tells whether a later answer may be another.
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
			wait := pause(least, most, attempt, resp, time.Now())
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

// pause is the time to wait after an attempt, the first of which is 0: what
// Retry-After asks for, else twice as long as the last time.
func pause(least, most time.Duration, attempt int, resp *http.Response, now time.Time) time.Duration {
	if resp != nil {
		if asked, ok := retryAfter(resp.Header.Get("Retry-After"), most, now); ok {
			return asked
		}
	}
	wait := least
	for range attempt {
		if wait *= 2; wait >= most {
			break
		}
	}
	return min(wait, most)
}

// retryAfter reads the header of this name, which has seconds or a date.
func retryAfter(value string, most time.Duration, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, most), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), most), true
	}
	return 0, false
}
