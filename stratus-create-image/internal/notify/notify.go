// Package notify tells the user how a build ended: by mail, and by a command of
// the user's own. It is where options become settings, and where what cannot be
// told becomes a warning; it must not know how to build, nor how mail travels.
package notify

import (
	"context"
	"fmt"
	"net/mail"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/mailer"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/program"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/report"
)

const (
	mailFlag     = "notify"
	commandFlag  = "notify-command"
	fromFlag     = "mail-from"
	serverFlag   = "smtp-server"
	usernameFlag = "smtp-username"
	passwordFlag = "smtp-password-file" //nolint:gosec // the flag's name
	toFlag       = "author-email"       // not ours
	rootsFlag    = "ca-file"            // not ours
)

// limit is how long a mail, and how long the command, may take.
const limit = time.Minute

// Flags are the options that say whom to tell, and how.
func Flags() []cli.Flag {
	const category = "Notification"
	text := func(name, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Category: category}
	}
	return []cli.Flag{
		&cli.BoolFlag{Name: mailFlag, Usage: "mail to --" + toFlag + " how the build ended, with the description", Category: category},
		text(commandFlag, "run `COMMAND` with sh when the build has ended, with a report in JSON on its standard input"),
		text(fromFlag, "send the mail from `ADDRESS` (default: --"+toFlag+")"),
		text(serverFlag, "send the mail through `URL`: smtp://HOST[:PORT] or smtps://HOST[:PORT] (default: the program sendmail)"),
		text(usernameFlag, "log in to the server as `NAME`"),
		text(passwordFlag, "log in with the password in the first line of `FILE`"),
	}
}

// Settings are the variables and configuration keys that stand for them. The
// password has a variable and a key, too, and no flag.
func Settings() []command.Setting {
	return command.SettingsFor(mailFlag, commandFlag, fromFlag, serverFlag, usernameFlag, passwordFlag)
}

// sender hands a mail over.
type sender interface {
	Send(ctx context.Context, m *mailer.Message) error
}

// Notifier tells how a build ended, to whom the options say; without them, to
// nobody.
type Notifier struct {
	call     *command.Call
	sender   sender // nil for no mail
	from, to *mail.Address
	command  string
}

// New checks everything that can be checked before a build. It takes the
// password out of the environment in any case: programs that are started later
// must not have it.
func New(c *command.Call) (*Notifier, error) {
	variable := takeVariable()
	n := &Notifier{call: c, command: c.String(commandFlag)}
	if !c.Bool(mailFlag) {
		return n, nil
	}
	to := c.String(toFlag)
	if to == "" {
		return nil, fault.Usagef("--%s needs an address: --%s", mailFlag, toFlag)
	}
	var err error
	if n.to, err = mailer.ParseAddress(to); err != nil {
		return nil, fault.Usagef("--%s: %w", toFlag, err)
	}
	n.from = n.to
	if from := c.String(fromFlag); from != "" {
		if n.from, err = mailer.ParseAddress(from); err != nil {
			return nil, fault.Usagef("--%s: %w", fromFlag, err)
		}
	}
	n.sender, err = newSender(c, variable)
	return n, err
}

func newSender(c *command.Call, variable string) (sender, error) {
	text, username := c.String(serverFlag), c.String(usernameFlag)
	switch {
	case text == "" && username != "":
		return nil, fault.Usagef("--%s needs a server: --%s", usernameFlag, serverFlag)
	case text == "":
		path, err := mailer.FindSendmail()
		if err != nil {
			return nil, fault.WithHint(fmt.Errorf("looking for a way to send mail: %w", err), "name a server with --%s", serverFlag)
		}
		return &mailer.Sendmail{Path: path, Limit: limit}, nil
	}
	server, err := mailer.ParseServer(text)
	if err != nil {
		return nil, fault.Usagef("reading --%s: %w", serverFlag, err)
	}
	s := &mailer.SMTP{Server: server, Username: username, Limit: limit}
	if username != "" {
		if s.Password, err = password(c, variable); err != nil {
			return nil, err
		}
	}
	s.Roots, err = readRoots(c.Paths(rootsFlag))
	return s, err
}

// Tell tells. What fails is a warning: the build has ended as it has. Nothing is
// told of a build that was interrupted: whoever did that knows.
func (n *Notifier) Tell(ctx context.Context, r *report.Report) {
	if n.sender == nil && n.command == "" || ctx.Err() != nil {
		return
	}
	if r.Host == "" {
		r.Host, _ = os.Hostname() // without one, nothing is said of it
	}
	if n.sender != nil {
		n.tellByMail(ctx, r)
	}
	if n.command != "" {
		n.tellCommand(ctx, r)
	}
}

func (n *Notifier) tellByMail(ctx context.Context, r *report.Report) {
	content := mailer.Content{From: n.from, To: n.to, Subject: r.Subject(), Text: r.Text(), Date: r.Ended}
	if i := r.Image; i != nil {
		content.Attachment = &mailer.Attachment{Name: i.DraftName(), Type: "application/xml", Data: i.Draft}
	}
	message, err := mailer.Compose(content)
	if err != nil {
		n.call.Log.Warnf("no mail is sent: %v", err)
		return
	}
	if err = n.sender.Send(ctx, message); err == nil {
		n.call.Log.Infof("mail is sent to %s", n.to.Address)
		return
	}
	n.call.Log.Warnf("the mail to %s is not sent: %v", n.to.Address, err)
	if r.Image == nil {
		return // what the mail says is on standard error, too
	}
	path, err := keep(r.Image.Path, r.Ended, message.Bytes())
	if err != nil {
		n.call.Log.Warnf("keeping the mail: %v", err)
		return
	}
	n.call.Log.Warnf("the mail is kept: %q", path)
}

// tellCommand runs the command. What it prints goes where messages go.
func (n *Notifier) tellCommand(ctx context.Context, r *report.Report) {
	object, err := r.JSON()
	if err == nil {
		err = program.Run(ctx, limit, object, n.call.Err, "sh", "-c", n.command)
	}
	if err != nil {
		n.call.Log.Warnf("running --%s: %v", commandFlag, err)
	}
}
