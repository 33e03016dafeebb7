package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"github.com/stratuslab/stratus/lib/report"
)

const (
	headerTime = 10 * time.Second
	bodyTime   = 60 * time.Second // uploads have less, by Limits
	answerTime = 3 * time.Minute  // from the end of the header
	idleTime   = time.Minute
	stopTime   = 30 * time.Second // for what is under way when the server stops
	maxHeader  = 32 << 10
)

// warnings takes the messages of net/http.
type warnings struct{ log report.Log }

func (w warnings) Write(line []byte) (int, error) {
	w.log.Warnf("%s", bytes.TrimSpace(line))
	return len(line), nil
}

// Serve answers requests until the context ends, then finishes those under way within
// a limited time. It closes the listener. Connections beyond Limits.Connections wait in
// the queue of the system.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.NewTextHandler(warnings{s.log}, nil), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(netutil.LimitListener(l, s.limits.Connections)) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := h.Shutdown(stopping); err != nil {
		return errors.Join(fmt.Errorf("stopping: requests are still under way after %s: %w", stopTime, err), h.Close())
	}
	return nil
}
