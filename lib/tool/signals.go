package tool

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// withSignals gives a context that the first SIGINT or SIGTERM cancels, so that
// clean-up can run. After it the signals have their default effect again: the
// second one ends the process at once. SIGPIPE becomes an ordinary write error,
// so that a reader which goes away cannot skip the clean-up either.
func withSignals(parent context.Context, stderr io.Writer, name string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	go func() {
		select {
		case sig := <-signals:
			signal.Stop(signals)
			cause := interrupt{signal: sig.(syscall.Signal)}
			fmt.Fprintf(stderr, "%s: %v: cleaning up (once more to stop at once)\n", name, cause)
			cancel(cause)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Stop(pipe)
		cancel(nil)
	}
}
