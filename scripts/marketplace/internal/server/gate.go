package server

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// gate lets so many in at a time. Others wait for their turn, but not for long.
type gate struct {
	places   chan struct{} // has one token for each who is in
	patience time.Duration
}

func newGate(places int, patience time.Duration) gate {
	return gate{make(chan struct{}, places), patience}
}

// enter tells whether the turn came. Who is in has to leave.
func (g gate) enter(ctx context.Context) bool {
	select {
	case g.places <- struct{}{}:
		return true
	default:
	}
	patience := time.NewTimer(g.patience)
	defer patience.Stop()
	select {
	case g.places <- struct{}{}:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	return false
}

func (g gate) leave() { <-g.places }

// within makes an answer behind a gate. The place is given up as soon as the
// answer begins, because all of the body is made by then, and a client that
// reads slowly should not keep others waiting.
func (s *Server) within(g gate, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !g.enter(r.Context()) {
			s.busy(w, r, "too many requests at the moment")
			return
		}
		leave := sync.OnceFunc(g.leave)
		defer leave()
		next(&leaving{w, leave}, r)
	}
}

// busy answers that the client should try again a little later.
func (s *Server) busy(w http.ResponseWriter, r *http.Request, text string) {
	w.Header().Set("Retry-After", "5")
	s.refuse(w, r, http.StatusServiceUnavailable, text)
}

// leaving gives up a place when the answer begins.
type leaving struct {
	http.ResponseWriter
	leave func()
}

func (l *leaving) WriteHeader(status int) {
	l.leave()
	l.ResponseWriter.WriteHeader(status)
}

func (l *leaving) Write(b []byte) (int, error) {
	l.leave()
	return l.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (l *leaving) Unwrap() http.ResponseWriter { return l.ResponseWriter }
