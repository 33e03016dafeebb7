package remote

import (
	"errors"
	"io"
	"testing"
)

// closedChannel writes as an SSH channel does whose connection has broken.
type closedChannel struct{}

func (closedChannel) Write([]byte) (int, error) { return 0, io.EOF }
func (closedChannel) Close() error              { return nil }

// A reader would take io.EOF from a request that was not sent for the end of
// the file, which then is silently short.
func TestOutgoing(t *testing.T) {
	_, err := outgoing{closedChannel{}}.Write([]byte("request"))
	if errors.Is(err, io.EOF) || !errors.Is(SFTPError(err), ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable and not io.EOF", err)
	}
}
