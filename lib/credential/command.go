package credential

import (
	"bytes"
	"fmt"
	"os/exec"
	"time"
)

// maxOutput bounds what a command may print, in bytes; password managers print
// more than the passphrase.
const maxOutput = 64 << 10

var errOutput = fmt.Errorf("it prints more than %d bytes", maxOutput)

// output keeps what a command prints, within bounds. The pipe is closed on a
// command that prints more.
type output struct {
	text bytes.Buffer
	full bool
}

func (o *output) Write(p []byte) (int, error) {
	if o.text.Len()+len(p) > maxOutput {
		o.full = true
		return 0, errOutput
	}
	return o.text.Write(p)
}

// fromCommand runs the user's command, which has the terminal to ask on, but
// not standard input: that is for documents.
func (p *passphrases) fromCommand() (string, error) {
	text := p.c.String(commandFlag)
	var out output
	command := exec.CommandContext(p.c.Ctx, "sh", "-c", text)
	command.Stdout, command.Stderr = &out, p.c.Err
	command.WaitDelay = time.Second // for what the shell leaves behind
	err := command.Run()
	switch cause := p.c.Ctx.Err(); {
	case cause != nil:
		err = cause
	case out.full:
		err = errOutput // rather than how the command took it
	}
	var passphrase string
	if err == nil {
		passphrase, err = firstLine(&out.text)
	}
	if err != nil {
		return "", refuse("running the passphrase command %q: %w", text, err)
	}
	return passphrase, nil
}
