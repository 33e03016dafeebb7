// Package notify tells the user how a build ended: by mail, and by a command of
// the user's own. What cannot be told becomes a warning. The package must not
// know how to build, nor where its settings come from.
package notify

import (
	"context"
	"fmt"
	"io"
	"net/mail"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// defaultLimit bounds a mail, and the command.
const defaultLimit = time.Minute

// Notifier tells how a build ended.
type Notifier struct {
	Mail    *Mail     // nil: no mail is sent
	Command string    // for sh, with a report in JSON on its standard input; empty: none
	Output  io.Writer // receives what the command prints
	Log     report.Log
}

// Mail is who sends mail to whom, and how.
type Mail struct {
	From, To *mail.Address // as ParseAddress returns them
	Sender   Sender
}

// Sender hands a mail over.
type Sender interface {
	Send(ctx context.Context, m *Message) error
}

// Tell tells how a build ended, unless it was interrupted. Whatever fails is a
// warning: the result of the build stays.
func (n *Notifier) Tell(ctx context.Context, r *Report) {
	if n.Mail == nil && n.Command == "" || ctx.Err() != nil {
		return
	}
	if r.Host == "" {
		r.Host, _ = os.Hostname() // the report leaves out an unknown host
	}
	if n.Mail != nil {
		n.sendMail(ctx, r)
	}
	if n.Command != "" {
		n.runCommand(ctx, r)
	}
}

func (n *Notifier) sendMail(ctx context.Context, r *Report) {
	to := n.Mail.To.Address
	content := Content{From: n.Mail.From, To: n.Mail.To, Subject: r.Subject(), Text: r.Text(), Date: r.Ended}
	if i := r.Image; i != nil {
		content.Attachment = &Attachment{Name: i.DraftName(), Type: "application/xml", Data: i.Draft}
	}
	m, err := Compose(content)
	if err != nil {
		n.Log.Warnf("no mail is sent: %v", err)
		return
	}
	if err = n.Mail.Sender.Send(ctx, m); err == nil {
		n.Log.Infof("mail is sent to %s", to)
		return
	}
	n.Log.Warnf("the mail to %s is not sent: %v", to, err)
	if r.Image == nil {
		return // what the mail says is on standard error, too
	}
	path, err := keep(r.Image.Path, r.Ended, m.Bytes())
	if err != nil {
		n.Log.Warnf("keeping the mail: %v", err)
		return
	}
	n.Log.Warnf("the mail is kept: %q", path)
}

func (n *Notifier) runCommand(ctx context.Context, r *Report) {
	object, err := r.JSON()
	if err == nil {
		err = runProgram(ctx, defaultLimit, object, n.Output, "sh", "-c", n.Command)
	}
	if err != nil {
		n.Log.Warnf("running --notify-command: %v", err)
	}
}

// keep writes a mail beside the image, readable for the user alone, and returns
// its path. It does not replace the mail of an earlier build: the name of this
// one then contains the time.
func keep(image string, ended time.Time, message []byte) (string, error) {
	path := image + ".eml"
	if _, err := os.Lstat(path); err == nil {
		path = image + "." + ended.UTC().Format("20060102T150405.000000000Z") + ".eml"
	}
	p, err := files.CreatePending(path, false)
	if err != nil {
		return "", err
	}
	defer p.Discard()
	if err := p.File.Chmod(0o600); err != nil {
		return "", fmt.Errorf("creating %q: %w", path, err)
	}
	if _, err := p.File.Write(message); err != nil {
		return "", fmt.Errorf("writing %q: %w", path, err)
	}
	return path, p.Commit()
}
