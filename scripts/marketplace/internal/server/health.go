package server

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// verdictTime is how long a verdict on the tree is good for, so that nobody can
// keep the disk busy by asking.
const verdictTime = time.Second

// verdict remembers whether the tree could be read and written.
type verdict struct {
	mu  sync.Mutex
	at  time.Time // zero: nobody has looked
	err error
}

// health answers whether the tree can be read and written.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if err := s.tree(r.Context()); err != nil {
		write(w, http.StatusServiceUnavailable, typeText, []byte("the tree cannot be read and written\n"))
		return
	}
	write(w, http.StatusOK, typeText, []byte("ok\n"))
}

// tree gives the verdict, which is not older than verdictTime.
func (s *Server) tree(ctx context.Context) error {
	s.verdict.mu.Lock()
	defer s.verdict.mu.Unlock()
	if now := s.now(); s.verdict.at.IsZero() || now.Sub(s.verdict.at) >= verdictTime {
		// Whoever asked may go; the verdict is for others, too.
		s.verdict.at, s.verdict.err = now, s.tryTree(context.WithoutCancel(ctx))
		if s.verdict.err != nil {
			s.log.Warnf("health: %v", s.verdict.err)
		}
	}
	return s.verdict.err
}

func (s *Server) tryTree(ctx context.Context) error {
	if _, err := s.registry.Stamp(ctx); err != nil {
		return err
	}
	return s.writer.Probe()
}
