package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// checkProxy explains why a proxy does not connect.
func checkProxy(_ context.Context, address *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	err := fmt.Errorf("proxy %q does not connect: %q", address.Host, answer.Status)
	if temporary(answer.StatusCode) {
		return unreachable(err)
	}
	return refused(err)
}
