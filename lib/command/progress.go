package command

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/stratuslab/stratus/lib/report"
)

// quietStart is how long work may take before a meter shows itself.
const quietStart = time.Second

// maxLeft is the longest time left worth showing.
const maxLeft = 1000 * time.Hour

// meter counts the bytes written to it and, when standard error is a terminal
// and the work takes longer than a second, shows bytes, rate and time left.
type meter struct {
	count atomic.Int64
	total int64
	label string
	w     io.Writer
	start time.Time
	stop  chan struct{}
	done  chan struct{}
}

// Meter starts a meter. total is the number of bytes to come, or 0 where it is
// not known. Close must be called.
func (l *Log) Meter(label string, total int64) io.WriteCloser { return l.newMeter(label, total) }

func (l *Log) newMeter(label string, total int64) *meter {
	m := &meter{total: total, label: label, w: l.w, start: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	f, ok := l.w.(*os.File)
	if !ok || !isTerminal(f) || l.quiet {
		close(m.done)
		return m
	}
	go m.show()
	return m
}

// Write counts; it never fails.
func (m *meter) Write(p []byte) (int, error) {
	m.count.Add(int64(len(p)))
	return len(p), nil
}

// Close takes the meter's line off the terminal. Its error is nil.
func (m *meter) Close() error {
	close(m.stop)
	<-m.done
	return nil
}

func (m *meter) show() {
	defer close(m.done)
	tick := time.NewTicker(quietStart / 4)
	defer tick.Stop()
	for {
		select {
		case <-m.stop:
			fmt.Fprint(m.w, "\r\x1b[K")
			return
		case now := <-tick.C:
			if elapsed := now.Sub(m.start); elapsed >= quietStart {
				fmt.Fprintf(m.w, "\r%s\x1b[K", m.line(elapsed))
			}
		}
	}
}

// line is what the meter shows after the given time.
func (m *meter) line(elapsed time.Duration) string {
	count := m.count.Load()
	rate := float64(count) / elapsed.Seconds()
	text := fmt.Sprintf("%s: %s, %s/s", m.label, report.FormatBytes(count), report.FormatBytes(int64(rate)))
	if m.total <= 0 || count <= 0 {
		return text
	}
	text += fmt.Sprintf(", %d%%", int64(min(1, float64(count)/float64(m.total))*100))
	left := float64(max(0, m.total-count)) / rate
	if left > maxLeft.Seconds() {
		return text
	}
	return fmt.Sprintf("%s, %s left", text, time.Duration(left*float64(time.Second)).Round(time.Second))
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
