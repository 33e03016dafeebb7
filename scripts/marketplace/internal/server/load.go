package server

import (
	"context"
	"fmt"
	"net/http"
)

// fresh returns a handler that runs when the index has what is in the directory,
// whoever wrote it. A directory whose log is broken, which the next upload repairs, is
// answered for as it was before.
func (s *Server) fresh(next handler) handler {
	return func(r *http.Request, words []string) answer {
		if err := s.Load(r.Context()); err != nil {
			s.log.Warnf("%v", err)
			if s.index.Len() == 0 {
				return s.busy(r, "the Marketplace cannot read its lists at the moment")
			}
		}
		return next(r, words)
	}
}

// Load brings the index up to date with the directory.
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
	// Others need the index, too, when this client goes away.
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
