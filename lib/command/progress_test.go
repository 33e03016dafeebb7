package command

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/report"
)

func TestFormatBytes(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1536, "1.5 KiB"},
		{1<<20 - 1, "1.0 MiB"}, {1 << 20, "1.0 MiB"}, {10 << 30, "10.0 GiB"}, {1 << 40, "1.0 TiB"}, {1<<63 - 1, "8.0 EiB"},
	}
	for _, tt := range tests {
		if got := report.FormatBytes(tt.n); got != tt.want {
			t.Errorf("report.FormatBytes(%d) = %q, want %q", tt.n, got, tt.want)
		}
	}
}

func TestMeterLine(t *testing.T) {
	tests := []struct {
		name         string
		count, total int64
		elapsed      time.Duration
		want         string
	}{
		{"half way", 512 << 20, 1 << 30, 4 * time.Second, "hashing: 512.0 MiB, 128.0 MiB/s, 50%, 4s left"},
		{"nothing yet", 0, 100, time.Second, "hashing: 0 B, 0 B/s"},
		{"total unknown", 3 << 20, 0, 3 * time.Second, "hashing: 3.0 MiB, 1.0 MiB/s"},
		{"more than was promised", 300, 200, time.Second, "hashing: 300 B, 300 B/s, 100%, 0s left"},
		{"a crawl", 1, 1 << 62, time.Second, "hashing: 1 B, 1 B/s, 0%"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &meter{label: "hashing", total: tt.total}
			m.count.Store(tt.count)
			if got := m.line(tt.elapsed); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMeterOnTerminal(t *testing.T) {
	master, slave := peers.Terminal(t)
	m := (&Log{w: slave}).newMeter("hashing", 200)
	if _, err := m.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 200)
	n, err := master.Read(text) // waits for the first line, a second after the start
	if err != nil || !strings.HasPrefix(string(text[:n]), "\rhashing: 100 B, ") || !strings.Contains(string(text[:n]), "50%") {
		t.Errorf("the terminal shows %q (%v)", text[:n], err)
	}
	if since := time.Since(m.start); since < quietStart {
		t.Errorf("shown after %v, want silence for %v", since, quietStart)
	}
	_ = m.Close()
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(master) // ends with EIO on Linux
	if !strings.HasSuffix(string(rest), "\r\x1b[K") {
		t.Errorf("the meter's line stays: %q", rest)
	}
}

func TestMeterElsewhere(t *testing.T) {
	var b strings.Builder
	m := (&Log{w: &b}).newMeter("hashing", 1)
	_ = m.Close()
	if b.Len() != 0 {
		t.Errorf("without a terminal the meter says %q", b.String())
	}
	_, slave := peers.Terminal(t)
	m = (&Log{w: slave, quiet: true}).newMeter("hashing", 1)
	select {
	case <-m.done:
	default:
		t.Error("a quiet meter is at work")
	}
	_ = m.Close()
}
