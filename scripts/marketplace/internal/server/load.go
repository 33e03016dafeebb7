package server

import (
	"context"
	"fmt"
	"net/http"
)

// fresh makes sure that the index has what is in the tree, whoever wrote it,
// before a request is answered. A tree whose lists are broken, which the next
// upload repairs, is answered for as it was before.
func (s *Server) fresh(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.Load(r.Context()); err != nil {
			s.log.Warnf("%v", err)
			if s.index.Len() == 0 {
				w.Header().Set("Retry-After", "30")
				s.refuse(w, r, http.StatusServiceUnavailable, "the Marketplace cannot read its lists at the moment")
				return
			}
		}
		next(w, r)
	}
}

// Load brings the index up to date with the tree.
func (s *Server) Load(ctx context.Context) error {
	select {
	case s.loading <- struct{}{}:
		defer func() { <-s.loading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	stamp, err := s.registry.Stamp(ctx)
	if err != nil || stamp == s.stamp {
		return err
	}
	// Whoever asked may go; others need it as well.
	changes, err := s.registry.Since(context.WithoutCancel(ctx), s.stamp)
	if err != nil {
		return fmt.Errorf("loading what is new: %w", err)
	}
	if changes.Whole {
		s.index.Replace(changes.Rows)
	} else {
		s.index.Add(changes.Rows)
	}
	s.stamp = changes.Stamp
	return nil
}
