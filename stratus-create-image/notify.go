package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
)

// smtpPassword is the setting for a password, which has no flag.
const smtpPassword = "smtp-password" //nolint:gosec // a name

// notifyFlags are the flags that say who is told how a build ended, and how.
func notifyFlags() []cli.Flag {
	return command.InCategory("Notification",
		&cli.BoolFlag{Name: "notify", Usage: "mail the result of the build, with the description, to --author-email"},
		&cli.StringFlag{Name: "notify-command", Usage: "run `COMMAND` with sh at the end of the build, with a report in JSON on standard input"},
		&cli.StringFlag{Name: "mail-from", Usage: "send the mail from `ADDRESS` (default: --author-email)"},
		&cli.StringFlag{Name: "smtp-server", Usage: "send the mail through `URL`: smtp://HOST[:PORT] or smtps://HOST[:PORT] (default: the program sendmail)"},
		&cli.StringFlag{Name: "smtp-username", Usage: "log in to the server as `NAME`"},
		&cli.StringFlag{Name: "smtp-password-file", Usage: "log in with the password in the first line of `FILE`"},
	)
}

// notifySettings are the settings of notifyFlags, and the password.
func notifySettings() []command.Setting {
	password := command.SettingsFor(smtpPassword)
	password[0].Secret = true
	return append(command.SettingsFor("notify", "notify-command", "mail-from", "smtp-server", "smtp-username", "smtp-password-file"), password...)
}

// readNotifier checks everything about notification that can be checked before a
// build.
func readNotifier(c *command.Call) (*notify.Notifier, error) {
	n := &notify.Notifier{Command: c.String("notify-command"), Output: c.Err, Log: c.Log}
	if !c.Bool("notify") {
		return n, nil
	}
	if c.String("author-email") == "" {
		return nil, report.Usagef("--notify needs an address: --author-email")
	}
	var err error
	to := command.Parse(c, &err, "author-email", notify.ParseAddress)
	n.Mail = &notify.Mail{From: to, To: to}
	if c.String("mail-from") != "" {
		n.Mail.From = command.Parse(c, &err, "mail-from", notify.ParseAddress)
	}
	if err != nil {
		return nil, err
	}
	n.Mail.Sender, err = readSender(c)
	return n, err
}

func readSender(c *command.Call) (notify.Sender, error) {
	server, username := c.Value("smtp-server"), c.String("smtp-username")
	switch {
	case server.Text == "" && username != "":
		return nil, report.Usagef("--smtp-username needs a server: --smtp-server")
	case server.Text == "":
		s, err := notify.FindSendmail()
		if err != nil {
			return nil, report.WithHint(fmt.Errorf("looking for a way to send mail: %w", err), "name a server with --smtp-server")
		}
		return s, nil
	}
	s := &notify.SMTP{Username: username}
	var err error
	if s.Server, err = notify.ParseServer(server.Text); err != nil {
		return nil, report.Usagef("reading %s: %w", server.Name, err) // without its text, which may contain a password
	}
	if username != "" {
		if s.Password, err = readPassword(c); err != nil {
			return nil, err
		}
	}
	if roots := c.Access().CAFiles; len(roots) > 0 {
		if s.Roots, err = remote.RootsWith(roots); err != nil {
			return nil, report.BadInputf("reading --ca-file: %w", err)
		}
	}
	return s, nil
}

// readPassword returns the password: from a file that the command line names,
// the variable, a file that a variable or the configuration names, or the
// configuration.
func readPassword(c *command.Call) (string, error) {
	file := c.Value("smtp-password-file")
	password, err := c.Secret(smtpPassword)
	given := password != "" && c.Value(smtpPassword).Origin == command.FromEnvironment
	switch {
	case file.Text != "" && (!given || file.Origin == command.FromCommandLine):
		return c.SecretFile(file)
	case err == nil && password == "":
		return "", report.WithHint(report.Credentialsf("--smtp-username needs a password"),
			"give --smtp-password-file, the variable STRATUSLAB_SMTP_PASSWORD, or smtp_password in the configuration")
	}
	return password, err
}
