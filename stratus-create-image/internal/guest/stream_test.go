package guest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

type stopper struct {
	left int
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		s.stop()
	}
	return len(p), nil
}

func TestStream(t *testing.T) {
	g, _ := connect(t)
	var b bytes.Buffer
	if err := g.Stream(t.Context(), "much", "head -c 1000000 /dev/zero", &b); err != nil || b.Len() != 1000000 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := g.Stream(ctx, "endless", "yes", &stopper{1 << 20, func() { cancel(enough) }}); !errors.Is(err, enough) {
		t.Errorf("an endless command: %v", err)
	}
	if err := g.Stream(t.Context(), "bad", "echo why >&2; exit 3", &b); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a command that fails: %v", err)
	}
}
