package server

import (
	"context"
	"crypto/rand"
	"net/http"
)

// scratch is where the registry keeps files that have no meaning yet; what is
// left there, it removes.
const scratch = ".stratus/tmp"

// health answers whether the tree can be read and written.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if err := s.tryTree(r.Context()); err != nil {
		s.log.Warnf("health: %v", err)
		write(w, http.StatusServiceUnavailable, typeText, []byte("the tree cannot be read and written\n"))
		return
	}
	write(w, http.StatusOK, typeText, []byte("ok\n"))
}

func (s *Server) tryTree(ctx context.Context) error {
	if _, err := s.registry.Stamp(ctx); err != nil {
		return err
	}
	if err := s.files.MkdirAll(scratch); err != nil {
		return err
	}
	name := scratch + "/health-" + rand.Text()
	if err := s.files.Create(name, []byte("ok\n"), false); err != nil {
		return err
	}
	return s.files.Remove(name)
}
