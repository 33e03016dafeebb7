package edit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// ErrNoEditor is returned by Choose where no editor is named and there is no
// terminal for the usual one.
var ErrNoEditor = errors.New("there is neither a terminal for vi nor another editor")

// Choose returns the editor as git and others do: $VISUAL, $EDITOR, or vi.
func Choose() (string, error) {
	for _, variable := range []string{"VISUAL", "EDITOR"} {
		if editor := os.Getenv(variable); editor != "" {
			return editor, nil
		}
	}
	terminal, err := openTerminal()
	if err != nil {
		return "", ErrNoEditor
	}
	return "vi", terminal.Close()
}

func openTerminal() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }

// patience is how long an editor that has to go may take to save its state.
const patience = 10 * time.Second

// open runs the editor on the file and waits for its end. It talks to the
// terminal itself, because standard input and output may carry data. Without a
// terminal, which scripts and editors with windows do not need, it reads
// nothing.
func (s Session) open(ctx context.Context, path string) error {
	cmd := editorCommand(ctx, s.Editor, path)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	cmd.Stdout, cmd.Stderr = s.Stderr, s.Stderr
	terminal, err := openTerminal()
	if err == nil {
		defer func() { _ = terminal.Close() }()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	}
	if s.LeaveInterrupts != nil {
		defer s.LeaveInterrupts(ctx)()
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running the editor %q: %w", s.Editor, err)
	}
	return nil
}

// editorCommand returns the process of the editor, which is a shell command. Like git it
// does without a shell where none is needed, so that signals find the editor.
// A shell must outlive Ctrl-C, which a trap does that children do not inherit.
func editorCommand(ctx context.Context, editor, path string) *exec.Cmd {
	if !strings.ContainsAny(editor, "|&;<>()$`\\\"' \t\n*?[#~=%") {
		return exec.CommandContext(ctx, editor, path)
	}
	return exec.CommandContext(ctx, "sh", "-c", "trap : INT; "+editor+` "$@"`, editor, path)
}
