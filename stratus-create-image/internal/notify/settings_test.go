package notify

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/command"
)

// TestNobody tells nothing where nobody wants to know.
func TestNobody(t *testing.T) {
	dir := isolate(t)
	t.Setenv(passwordVariable, secret)
	if got := tell(t, ended(dir), "--smtp-server", "unused", "--author-email", "unused"); got != (result{}) {
		t.Errorf("%+v", got)
	}
	if value, ok := os.LookupEnv(passwordVariable); ok {
		t.Errorf("the variable is still there: %q", value)
	}
	// An interrupted build.
	got := run(t, func(_ *command.Call, n *Notifier) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		n.Tell(ctx, ended(dir))
	}, "--notify-command", "touch "+filepath.Join(dir, "told"))
	if names := list(t, dir); got != (result{}) || len(names) > 0 {
		t.Errorf("%+v, %q", got, names)
	}
}

func TestNewRefuses(t *testing.T) {
	dir := isolate(t)
	open := write(t, filepath.Join(dir, "open"), "[default]\nsmtp_password = "+secret+"\n")
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	empty := write(t, filepath.Join(dir, "empty"), "\n"+secret)
	long := write(t, filepath.Join(dir, "long"), strings.Repeat("x", maxPassword)+"\n")
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
		"two addresses":     {[]string{"--notify", "--author-email", "a@example.org, b@example.org"}, command.ExitUsage, "--author-email: reading the mail address"},
		"bad sender":        {with(to, "--mail-from", "builds"), command.ExitUsage, "--mail-from: reading the mail address"},
		"bad server":        {with(to, "--smtp-server", "mail.example.org"), command.ExitUsage, "reading --smtp-server: smtp://HOST[:PORT]"},
		"password in a URL": {with(to, "--smtp-server", "smtp://jane:hunter2@mail.example.org"), command.ExitUsage, "is refused"},
		"no server":         {with(to, "--smtp-username", "jane"), command.ExitUsage, "--smtp-username needs a server: --smtp-server"},
		"no password":       {user, command.ExitCredentials, "--smtp-username needs a password"},
		"absent password":   {with(user, "--smtp-password-file", filepath.Join(dir, "absent")), command.ExitCredentials, "no such file"},
		"open password":     {with(user, "--smtp-password-file", open), command.ExitCredentials, "0640, and other users must not have access"},
		"empty password":    {with(user, "--smtp-password-file", empty), command.ExitCredentials, "is empty"},
		"long password":     {with(user, "--smtp-password-file", long), command.ExitCredentials, "longer than 4096 bytes"},
		"open config":       {with(user, "--config", open), command.ExitCredentials, "0640, and other users must not have access"},
		"absent root":       {with(to, "--smtp-server", "smtps://mail.example.org", "--ca-file", filepath.Join(dir, "absent")), command.ExitBadInput, "reading --ca-file: open"},
		"no root":           {with(to, "--smtp-server", "smtps://mail.example.org", "--ca-file", empty), command.ExitBadInput, "has no certificate in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tell(t, ended(dir), test.args...)
			if got.Code != test.code || !strings.Contains(got.Err, test.want) {
				t.Errorf("got %+v, want %d and %q", got, test.code, test.want)
			}
		})
	}
}
