package server

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// verdictTime is how long a verdict on the directory holds, so that nobody can keep
// the disk busy by asking.
const verdictTime = time.Second

// verdict is whether the directory could be read and written.
type verdict struct {
	mu  sync.Mutex
	at  time.Time // zero before the first one
	err error
}

// health answers whether the directory can be read and written.
func (s *Server) health(r *http.Request, _ []string) answer {
	if err := s.probe(r.Context()); err != nil {
		return answer{http.StatusServiceUnavailable, typeText, []byte("the tree cannot be read and written\n"), nil}
	}
	return answer{http.StatusOK, typeText, []byte("ok\n"), nil}
}

// probe returns the verdict, which is not older than verdictTime.
func (s *Server) probe(ctx context.Context) error {
	s.verdict.mu.Lock()
	defer s.verdict.mu.Unlock()
	if now := s.now(); s.verdict.at.IsZero() || now.Sub(s.verdict.at) >= verdictTime {
		// The verdict is for others, too, when this client goes away.
		_, err := s.registry.Stamp(context.WithoutCancel(ctx))
		if err == nil {
			err = s.writer.Probe()
		}
		s.verdict.at, s.verdict.err = now, err
		if err != nil {
			s.log.Warnf("health: %v", err)
		}
	}
	return s.verdict.err
}
