package local

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// maxMessage bounds one message of QEMU's monitor, in bytes.
const maxMessage = 1 << 20

// monitor is a client of QEMU's machine protocol (QMP), as far as a machine
// that is started, watched and stopped needs it.
type monitor struct {
	conn    *net.UnixConn
	mu      sync.Mutex // one command at a time
	replies chan reply
	events  func(event)
	closed  chan struct{}
	err     error // why reading ended; set before closed is closed
}

type reply struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Desc string `json:"desc"`
	} `json:"error"`
}

// event is what happened to the machine.
type event struct {
	Name string `json:"event"`
	Data struct {
		Guest  bool   `json:"guest"`
		Reason string `json:"reason"`
		Status string `json:"status"`
	} `json:"data"`
}

// newMonitor takes over the connection. events is called for every event, one
// after the other.
func newMonitor(ctx context.Context, conn *net.UnixConn, events func(event)) (*monitor, error) {
	m := &monitor{conn: conn, replies: make(chan reply, 1), events: events, closed: make(chan struct{})}
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 4096), maxMessage)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	greeted := lines.Scan()
	stop()
	if !greeted {
		return nil, fmt.Errorf("waiting for QEMU's monitor: %w", errors.Join(context.Cause(ctx), lines.Err()))
	}
	go m.read(lines)
	return m, m.execute(ctx, "qmp_capabilities", nil, nil)
}

func (m *monitor) read(lines *bufio.Scanner) {
	defer close(m.closed)
	for lines.Scan() {
		var message struct {
			reply
			event
		}
		if err := json.Unmarshal(lines.Bytes(), &message); err != nil {
			m.err = fmt.Errorf("reading QEMU's monitor: %w", err)
			return
		}
		switch {
		case message.Name != "":
			m.events(message.event)
		case message.Return != nil || message.Error != nil:
			m.replies <- message.reply
		}
	}
	if m.err = lines.Err(); m.err == nil {
		m.err = io.EOF
	}
}

// execute runs a command of the protocol and reads its answer into result.
func (m *monitor) execute(ctx context.Context, command string, arguments, result any) error {
	return m.executeWith(ctx, nil, command, arguments, result)
}

// executeWith runs a command as execute does. QEMU gets a duplicate of the file, which
// may be nil.
func (m *monitor) executeWith(ctx context.Context, file *os.File, command string, arguments, result any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	request, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, arguments})
	if err != nil {
		return fmt.Errorf("asking QEMU for %q: %w", command, err)
	}
	var rights []byte
	if file != nil {
		rights = syscall.UnixRights(int(file.Fd()))
	}
	if _, _, err := m.conn.WriteMsgUnix(append(request, '\n'), rights, nil); err != nil {
		return fmt.Errorf("asking QEMU for %q: %w", command, err)
	}
	select {
	case r := <-m.replies:
		if r.Error != nil {
			return fmt.Errorf("asking QEMU for %q: %s", command, r.Error.Desc)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(r.Return, result)
	case <-m.closed:
		return fmt.Errorf("asking QEMU for %q: its monitor is closed: %w", command, m.err)
	case <-ctx.Done():
		// The answer may still come and would be taken for the next command's.
		_ = m.conn.Close()
		return fmt.Errorf("asking QEMU for %q: %w", command, context.Cause(ctx))
	}
}
