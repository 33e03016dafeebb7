package mailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/program"
)

// Sendmail sends with the program of that name, which every mail server for Unix
// brings.
type Sendmail struct {
	Path  string
	Limit time.Duration
}

// FindSendmail gives the program's path. It is often in a directory that only
// administrators have in their PATH.
func FindSendmail() (string, error) {
	for _, name := range []string{"sendmail", "/usr/sbin/sendmail", "/usr/lib/sendmail"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no program sendmail, neither in PATH nor in /usr/sbin and /usr/lib")
}

// Send gives the message to the program, which reads from it where it goes.
func (s *Sendmail) Send(ctx context.Context, m *Message) error {
	// Programs want the line ends of the system.
	input := bytes.ReplaceAll(m.data, []byte("\r\n"), []byte("\n"))
	var said head
	if err := program.Run(ctx, s.Limit, input, &said, s.Path, "-i", "-t"); err != nil {
		return fmt.Errorf("sending with %q: %w%s", s.Path, err, said.tail())
	}
	return nil
}

// maxSaid bounds what of the program's words is passed on, in bytes.
const maxSaid = 1 << 10

// head keeps the beginning of what is written to it.
type head struct{ data []byte }

func (h *head) Write(p []byte) (int, error) {
	h.data = append(h.data, p[:min(len(p), maxSaid-len(h.data))]...)
	return len(p), nil
}

// tail is what was said, for the end of an error.
func (h *head) tail() string {
	if text := strings.TrimSpace(string(h.data)); text != "" {
		return ": " + text
	}
	return ""
}
