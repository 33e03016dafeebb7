package notify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Sendmail sends mail with the program sendmail, which every mail server for Unix
// has.
type Sendmail struct {
	Path  string
	Limit time.Duration // 0 for one minute
}

// FindSendmail looks for the program, which is often in a directory that only
// administrators have in their PATH.
func FindSendmail() (*Sendmail, error) {
	for _, name := range []string{"sendmail", "/usr/sbin/sendmail", "/usr/lib/sendmail"} {
		if path, err := exec.LookPath(name); err == nil {
			return &Sendmail{Path: path}, nil
		}
	}
	return nil, errors.New("there is no program sendmail, neither in PATH nor in /usr/sbin and /usr/lib")
}

// Send passes the message to the program, which reads the recipient from it.
func (s *Sendmail) Send(ctx context.Context, m *Message) error {
	// Programs expect the line ends of the system.
	input := bytes.ReplaceAll(m.data, []byte("\r\n"), []byte("\n"))
	var output head
	if err := runProgram(ctx, cmp.Or(s.Limit, defaultLimit), input, &output, s.Path, "-i", "-t"); err != nil {
		if text := bytes.TrimSpace(output.data); len(text) > 0 {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return fmt.Errorf("sending with %q: %w", s.Path, err)
	}
	return nil
}

// maxOutput bounds what an error contains of the program's output, in bytes.
const maxOutput = 1 << 10

// head keeps the beginning of what is written to it.
type head struct{ data []byte }

func (h *head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), maxOutput-len(h.data))]...)
	return len(p), nil
}
