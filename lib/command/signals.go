package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// interruptsKey is where a context of withSignals keeps its SIGINT channel.
type interruptsKey struct{}

// withSignals returns a context that the first SIGINT or SIGTERM cancels, so that
// clean-up can run. After it the signals have their default effect again: the
// second one ends the process at once. SIGPIPE becomes an ordinary write error,
// so that a reader which goes away cannot skip the clean-up either.
func withSignals(parent context.Context, stderr io.Writer, name string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	interrupts, terminations, pipe := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	signal.Notify(terminations, syscall.SIGTERM)
	signal.Notify(pipe, syscall.SIGPIPE)
	release := func() {
		signal.Stop(interrupts)
		signal.Stop(terminations)
	}
	go func() {
		var sig os.Signal
		select {
		case sig = <-interrupts:
		case sig = <-terminations:
		case <-ctx.Done():
			return
		}
		release()
		cause := interrupt{signal: sig.(syscall.Signal)}
		fmt.Fprintf(stderr, "%s: %v: cleaning up (once more to stop at once)\n", name, cause)
		cancel(cause)
	}()
	return context.WithValue(ctx, interruptsKey{}, interrupts), func() {
		release()
		signal.Stop(pipe)
		cancel(nil)
	}
}

// LeaveInterrupts makes SIGINT mean nothing to this process until resume is
// called. It is for the time in which a child has the terminal: Ctrl-C reaches
// every process in the foreground, and an editor takes it for a key.
func LeaveInterrupts(ctx context.Context) (resume func()) {
	interrupts, ok := ctx.Value(interruptsKey{}).(chan os.Signal)
	if !ok {
		return func() {}
	}
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGINT)
	signal.Stop(interrupts)
	return func() {
		if ctx.Err() == nil {
			signal.Notify(interrupts, syscall.SIGINT)
		}
		signal.Stop(ignored)
	}
}
