package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patient is a transport that gives up when nothing moves for some time: no part
// of the request is sent, no response comes, its body stands still.
type patient struct {
	next http.RoundTripper
	idle time.Duration
}

var errIdle = errors.New("no data")

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watch{ctx: ctx, cancel: cancel, idle: p.idle}
	w.timer = time.AfterFunc(p.idle, func() { cancel(errIdle) })
	watched := req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		watched.Body = sending{req.Body, w}
	}
	resp, err := p.next.RoundTrip(watched)
	w.timer.Stop()
	if err != nil {
		err = w.explain(err)
		cancel(nil)
		return nil, err
	}
	resp.Body = receiving{resp.Body, w}
	return resp, nil
}

// watch ends one exchange when its timer does.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
}

// explain replaces the error that the end of the exchange has caused.
func (w *watch) explain(err error) error {
	if context.Cause(w.ctx) == errIdle {
		return unreachable(fmt.Errorf("no data for %s", w.idle))
	}
	return err
}

// sending is the body of a request.
type sending struct {
	io.ReadCloser
	*watch
}

func (s sending) Read(p []byte) (int, error) {
	s.timer.Reset(s.idle)
	return s.ReadCloser.Read(p)
}

// receiving is the body of a response. Time that its reader takes between two
// reads does not count.
type receiving struct {
	io.ReadCloser
	*watch
}

func (r receiving) Read(p []byte) (int, error) {
	r.timer.Reset(r.idle)
	n, err := r.ReadCloser.Read(p)
	r.timer.Stop()
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, classify(r.ctx, r.explain(err))
}

func (r receiving) Close() error {
	r.timer.Stop()
	err := r.ReadCloser.Close()
	r.cancel(nil)
	return err
}
