package server

import (
	"context"
	"net/http"
	"time"
)

// gate lets a number of requests in at a time. Others wait for their turn, for a
// limited time.
type gate struct {
	places   chan struct{} // holds a token for each request that is in
	patience time.Duration
}

func newGate(places int, patience time.Duration) gate {
	return gate{make(chan struct{}, places), patience}
}

// enter reports whether the request got a place, which it must leave.
func (g gate) enter(ctx context.Context) bool {
	select {
	case g.places <- struct{}{}:
		return true
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, g.patience)
	defer cancel()
	select {
	case g.places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g gate) leave() { <-g.places }

// within returns a handler behind a gate. A request leaves its place before the answer
// is sent: a client that reads slowly must not keep others waiting.
func (s *Server) within(g gate, next handler) handler {
	return func(r *http.Request, words []string) answer {
		if !g.enter(r.Context()) {
			return s.busy(r, "too many requests at the moment")
		}
		defer g.leave()
		return next(r, words)
	}
}
