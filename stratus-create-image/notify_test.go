package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/smtpdtest"
)

const (
	secret           = "hunter2 é"
	passwordVariable = "STRATUSLAB_SMTP_PASSWORD"
)

var draft = []byte("<?xml version='1.0'?>\n<metadata>é</metadata>\n")

// endedBuild is the report of a build whose image is in dir.
func endedBuild(dir string) *notify.Report {
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	return &notify.Report{
		Title: "Web server", Base: "base.qcow2", Started: start, Ended: start.Add(90 * time.Second),
		Image: &notify.Image{Path: filepath.Join(dir, "web.qcow2"), Identifier: "MMZu9WvwKIro-rtBQfDk4PsKO7_", Draft: draft},
	}
}

func failedBuild(dir string) *notify.Report {
	r := endedBuild(dir)
	r.Image, r.Failure = nil, &notify.Failure{
		Phase:   "starting the machine",
		Cause:   "the kernel panicked",
		Console: []string{"Kernel panic - not syncing"},
	}
	return r
}

// result is what a run left behind.
type result struct {
	Code int
	Err  string
}

// tellWith runs a command that does nothing but tell of r.
func tellWith(t *testing.T, r *notify.Report, args ...string) result {
	t.Helper()
	return notifying(t, func(c *command.Call, n *notify.Notifier) { n.Tell(c.Ctx, r) }, args...)
}

func notifying(t *testing.T, action func(*command.Call, *notify.Notifier), args ...string) result {
	t.Helper()
	program := &command.Program{
		Name: "t", Settings: append(notifySettings(), command.SettingsFor("author-email", "ca-file")...),
		Flags: append(notifyFlags(), &cli.StringFlag{Name: "author-email"}, &cli.StringSliceFlag{Name: "ca-file"}),
		Action: func(c *command.Call) error {
			n, err := readNotifier(c)
			if err != nil {
				return err
			}
			action(c, n)
			return nil
		},
	}
	var out, errs strings.Builder
	code := command.Run(t.Context(), program, args, command.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	if out.Len() > 0 {
		t.Errorf("on standard output: %q", out.String())
	}
	if strings.Contains(errs.String(), "hunter2") {
		t.Errorf("the password is told: %s", errs.String())
	}
	return result{code, errs.String()}
}

// writePrivate makes a file for its owner alone.
func writePrivate(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// isolate keeps the user's own settings out of the test.
func isolate(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv(passwordVariable, "") // to be restored
	if err := os.Unsetenv(passwordVariable); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestNotifyMail sends a good build's mail and a failed one's through a real server,
// with the settings and the password from everywhere they can come from.
func TestNotifyMail(t *testing.T) {
	certificate, root := smtpdtest.Certificate(t)
	server := smtpdtest.Start(t, smtpdtest.Options{TLS: "starttls", Certificate: certificate, User: "jane", Password: secret})
	url := "smtp://127.0.0.1:" + server.Port
	for name, test := range map[string]struct{ variable, config, file, typed string }{
		"password of the variable":      {variable: secret},
		"password of the configuration": {config: "smtp_password = " + secret},
		"password of the configured file": {config: "smtp_password = wrong\nsmtp_password_file = ~/password",
			file: secret + "\r\nmore"},
		"the variable over the configured file": {config: "smtp_password_file = ~/absent", variable: secret},
		"the file of the command line over all else": {config: "smtp_password = wrong", variable: "wrong", file: secret,
			typed: "password"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := isolate(t)
			if test.variable != "" {
				t.Setenv(passwordVariable, test.variable)
			}
			writePrivate(t, filepath.Join(dir, "password"), test.file)
			config := writePrivate(
				t,
				filepath.Join(dir, "config"),
				"[default]\nnotify = true\nauthor_email = jane@example.org\n"+
					"mail_from = Builds <builds@example.org>\nsmtp_username = jane\n"+
					"smtp_server = "+url+"\nca_file = "+root+"\n"+test.config+"\n",
			)
			args := []string{"--config", config}
			if test.typed != "" {
				args = append(args, "--smtp-password-file", filepath.Join(dir, test.typed))
			}
			for _, r := range []*notify.Report{endedBuild(dir), failedBuild(dir)} {
				if got := tellWith(t, r, args...); got.Code != 0 || got.Err != "t: mail is sent to jane@example.org\n" {
					t.Fatalf("%+v", got)
				}
				if test.variable != "" {
					t.Setenv(passwordVariable, test.variable) // the command removes it
				}
				checkMail(t, r, server.Next(t))
			}
			if names := listDir(t, dir); !slices.Equal(names, []string{"config", "password"}) {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

func checkMail(t *testing.T, r *notify.Report, got smtpdtest.Mail) {
	t.Helper()
	mail := smtpdtest.Parse(t, got.Data)
	if mail.Subject != r.Subject() || mail.Text != r.Text() || !mail.Date.Equal(r.Ended) {
		t.Errorf("got %+v, want %q and %q", mail, r.Subject(), r.Text())
	}
	if r.Image != nil && (mail.Data != string(draft) || mail.Name != "web.xml" || mail.Type != "application/xml") {
		t.Errorf("attached: %+v", mail)
	}
	if r.Image == nil && mail.Data+mail.Name != "" {
		t.Errorf("attached to a failure: %+v", mail)
	}
	if got.User != "jane" || !got.TLS || got.From != "builds@example.org" ||
		!slices.Equal(got.To, []string{"jane@example.org"}) {
		t.Errorf("envelope: %+v", got)
	}
	if host, err := os.Hostname(); err == nil && !strings.Contains(mail.Text, host) {
		t.Errorf("the text does not tell the host %q: %s", host, mail.Text)
	}
}

func listDir(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestNotifyUnsent keeps the mails that a server does not take; the build is as good.
func TestNotifyUnsent(t *testing.T) {
	server := smtpdtest.Start(t, smtpdtest.Options{TLS: "none", Refuse: "jane@example.org"})
	dir := isolate(t)
	args := []string{"--notify", "--author-email", "jane@example.org", "--smtp-server", "smtp://localhost:" + server.Port}
	first, second := "web.qcow2.eml", "web.qcow2.20261122T100130.000000000Z.eml"
	for _, name := range []string{first, second} {
		r := endedBuild(dir)
		got := tellWith(t, r, args...)
		path := filepath.Join(dir, name)
		if got.Code != 0 || !strings.Contains(got.Err, "warning: the mail to jane@example.org is not sent") ||
			!strings.Contains(got.Err, "550") ||
			!strings.Contains(got.Err, fmt.Sprintf("the mail is kept: %q", path)) {
			t.Fatalf("%+v", got)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if mail := smtpdtest.Parse(t, data); mail.Text != r.Text() || mail.Data != string(draft) ||
			mail.To != "<jane@example.org>" ||
			mail.From != mail.To {
			t.Errorf("%+v", mail)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if got := tellWith(t, endedBuild(dir), args...); got.Code != 0 ||
		!strings.Contains(got.Err, "warning: keeping the mail: ") {
		t.Errorf("a third mail of the same time: %+v", got)
	}
	got := tellWith(t, failedBuild(dir), args...)
	if got.Code != 0 || !strings.Contains(got.Err, "is not sent") || strings.Contains(got.Err, "kept") {
		t.Errorf("%+v", got)
	}
	if names := listDir(t, dir); !slices.Equal(names, []string{second, first}) {
		t.Errorf("left behind: %q", names)
	}
}

// TestNotifyPrograms has a mail sent, and the command run, by programs that also tell
// what is in their environment.
func TestNotifyPrograms(t *testing.T) {
	peers.Need(t, "jq")
	dir := isolate(t)
	writePrivate(t, filepath.Join(dir, "sendmail"), "#!/bin/sh\nenv >"+dir+"/environment.sendmail; cat >"+dir+"/mail\n")
	if err := os.Chmod(filepath.Join(dir, "sendmail"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv(passwordVariable, secret)
	r := failedBuild(dir)
	got := tellWith(t, r, "--notify", "--author-email", "jane@example.org",
		"--notify-command", "env >"+dir+"/environment.command; jq -S . >"+dir+"/report; echo told")
	if got != (result{0, "t: mail is sent to jane@example.org\ntold\n"}) {
		t.Fatalf("%+v", got)
	}
	for _, name := range []string{"sendmail", "command"} {
		environment, err := os.ReadFile(filepath.Join(dir, "environment."+name))
		if err != nil || !strings.Contains(string(environment), "HOME="+dir) ||
			strings.Contains(string(environment), secret) {
			t.Errorf("%s has %q, %v", name, environment, err)
		}
	}
	mail, err := os.ReadFile(filepath.Join(dir, "mail"))
	if err != nil {
		t.Fatal(err)
	}
	if p := smtpdtest.Parse(t, mail); p.Text != r.Text() {
		t.Errorf("(-want +got):\n%s", cmp.Diff(r.Text(), p.Text))
	}
	data, err := os.ReadFile(filepath.Join(dir, "report"))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	want := []string{"base", "ended", "failure", "host", "outcome", "seconds", "started", "title"}
	if names := slices.Sorted(maps.Keys(object)); !slices.Equal(names, want) || object["outcome"] != "failed" {
		t.Errorf("got %v, want %q", object, want)
	}
}

func TestNotifyCommandFails(t *testing.T) {
	dir := isolate(t)
	got := tellWith(t, endedBuild(dir), "--notify-command", "exit 3")
	if want := (result{0, "t: warning: running --notify-command: exit status 3\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestNotifyNobody tells nothing where nobody wants to know.
func TestNotifyNobody(t *testing.T) {
	dir := isolate(t)
	t.Setenv(passwordVariable, secret)
	if got := tellWith(t, endedBuild(dir), "--smtp-server", "unused", "--author-email", "unused"); got != (result{}) {
		t.Errorf("%+v", got)
	}
	if value, ok := os.LookupEnv(passwordVariable); ok {
		t.Errorf("the variable is still there: %q", value)
	}
	// An interrupted build.
	got := notifying(t, func(_ *command.Call, n *notify.Notifier) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		n.Tell(ctx, endedBuild(dir))
	}, "--notify-command", "touch "+filepath.Join(dir, "told"))
	if names := listDir(t, dir); got != (result{}) || len(names) > 0 {
		t.Errorf("%+v, %q", got, names)
	}
}

func TestNotifierRefuses(t *testing.T) {
	dir := isolate(t)
	open := writePrivate(t, filepath.Join(dir, "open"), "[default]\nsmtp_password = "+secret+"\n")
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	empty := writePrivate(t, filepath.Join(dir, "empty"), "\n"+secret)
	long := writePrivate(t, filepath.Join(dir, "long"), strings.Repeat("x", 4<<10)+"\n")
	to := []string{"--notify", "--author-email", "jane@example.org"}
	user := append(slices.Clip(to), "--smtp-server", "smtps://mail.example.org", "--smtp-username", "jane")
	with := func(args []string, more ...string) []string { return append(slices.Clip(args), more...) }
	t.Setenv("PATH", "") // in which there is no sendmail
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nobody to mail to": {[]string{"--notify"}, command.ExitUsage, "--notify needs an address: --author-email"},
		"two addresses": {[]string{"--notify", "--author-email", "a@example.org, b@example.org"}, command.ExitUsage,
			"reading --author-email \"a@example.org, b@example.org\": not a valid mail address"},
		"bad sender": {with(to, "--mail-from", "builds"), command.ExitUsage, "reading --mail-from \"builds\": not a " +
			"valid mail address"},
		"bad server": {with(to, "--smtp-server", "mail.example.org"), command.ExitUsage, "reading --smtp-server: not " +
			"a valid server; want smtp://HOST[:PORT]"},
		"password in a URL": {with(to, "--smtp-server", "smtp://jane:hunter2@mail.example.org"), command.ExitUsage,
			"a URL with a user name or a password is not supported"},
		"no server":   {with(to, "--smtp-username", "jane"), command.ExitUsage, "--smtp-username needs a server: --smtp-server"},
		"no password": {user, command.ExitCredentials, "--smtp-username needs a password"},
		"absent password": {with(user, "--smtp-password-file", filepath.Join(dir, "absent")), command.ExitCredentials,
			"no such file"},
		"open password": {with(user, "--smtp-password-file", open), command.ExitCredentials, "0640, and other users " +
			"must not have access"},
		"empty password": {with(user, "--smtp-password-file", empty), command.ExitCredentials, "is empty"},
		"long password":  {with(user, "--smtp-password-file", long), command.ExitCredentials, "longer than 4096 bytes"},
		"open config":    {with(user, "--config", open), command.ExitCredentials, "0640, and other users must not have access"},
		"absent root": {with(to, "--smtp-server", "smtps://mail.example.org", "--ca-file", filepath.Join(dir, "absent")),
			command.ExitBadInput, "no such file"},
		"no root": {with(to, "--smtp-server", "smtps://mail.example.org", "--ca-file", empty), command.ExitBadInput,
			"has no certificate in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tellWith(t, endedBuild(dir), test.args...)
			if got.Code != test.code || !strings.Contains(got.Err, test.want) {
				t.Errorf("got %+v, want %d and %q", got, test.code, test.want)
			}
		})
	}
}
