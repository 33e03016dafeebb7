package local

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// counter returns a program for the BIOS that counts in memory, and prints each number
// on the serial console as a line of four letters, A for 0.
func counter() []byte {
	code := []byte{
		0xfa,       // cli
		0x31, 0xc0, // xor ax, ax
		0x8e, 0xd8, // mov ds, ax
		0xa3, 0x00, 0x05, // mov [0x500], ax
		0xff, 0x06, 0x00, 0x05, // count: inc word [0x500]
		0x8b, 0x1e, 0x00, 0x05, // mov bx, [0x500]
		0xb9, 0x05, 0x00, // mov cx, 5
		0xc1, 0xc3, 0x04, // digit: rol bx, 4
		0x88, 0xd8, // mov al, bl
		0x24, 0x0f, // and al, 15
		0x04, 'A', // add al, 'A'
		0x83, 0xf9, 0x01, // cmp cx, 1
		0x75, 0x02, // jne print
		0xb0, '\n', // mov al, '\n'
		0x88, 0xc4, // print: mov ah, al
		0xba, 0xfd, 0x03, // mov dx, 0x3fd
		0xec,       // wait: in al, dx
		0xa8, 0x20, // test al, 0x20
		0x74, 0xfb, // jz wait
		0xba, 0xf8, 0x03, // mov dx, 0x3f8
		0x88, 0xe0, // mov al, ah
		0xee,       // out dx, al
		0xe2, 0xde, // loop digit
		0x66, 0xb9, 0x80, 0x84, 0x1e, 0x00, // mov ecx, 2000000
		0x66, 0x49, // delay: dec ecx
		0x75, 0xfc, // jnz delay
		0xeb, 0xc7, // jmp count
	}
	sector := append(code, make([]byte, 510-len(code))...)
	return append(sector, 0x55, 0xaa)
}

// counterSpec returns a machine that counts.
func counterSpec(t *testing.T, store string) *engine.Spec {
	t.Helper()
	base := filepath.Join(filepath.Dir(store), "base.raw")
	if _, err := os.Stat(base); err != nil {
		if err := os.WriteFile(base, append(counter(), make([]byte, 1<<20-512)...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &engine.Spec{
		Dir: t.TempDir(), Base: engine.Base{Path: base, Format: diskimage.Raw, Size: 1 << 20},
		Size: engine.Size{CPU: 1, RAM: 64, Swap: 1}, Log: &testLog{t: t}, Snapshots: store, SnapshotBytes: 1 << 30,
	}
}

type testLog struct {
	recorder
	t *testing.T
}

func (l *testLog) Infof(format string, args ...any) { l.t.Logf(format, args...) }
func (l *testLog) Warnf(format string, args ...any) { l.t.Logf("warning: "+format, args...) }
func (l *testLog) Verbosef(string, ...any)          {}

var number = regexp.MustCompile(`^[A-P]{4}$`)

// count returns the next numbers that a machine prints.
func count(t *testing.T, m engine.Machine) string {
	t.Helper()
	before := last(m)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if now := last(m); now != before && now != "" {
			return now
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the machine does not count: %q", m.Console(ctx, 10))
	return ""
}

func last(m engine.Machine) string {
	lines := m.Console(context.Background(), 3)
	for i := len(lines) - 2; i >= 0; i-- { // the last one may not be whole
		if number.MatchString(lines[i]) {
			return lines[i]
		}
	}
	return ""
}
