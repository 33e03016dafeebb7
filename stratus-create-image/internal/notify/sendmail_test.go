package notify

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/smtpdtest"
)

// sendmail makes a program of that name, the first in PATH.
func sendmail(t *testing.T, body string) (s *Sendmail, dir string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "sendmail")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	found, err := FindSendmail()
	if err != nil || found.Path != path {
		t.Fatalf("found %v, %v, want %q", found, err, path)
	}
	return found, dir
}

func TestSendmail(t *testing.T) {
	s, dir := sendmail(t, `echo "$@" >"${0%/*}/arguments" && cat >"${0%/*}/mail"`)
	if err := s.Send(t.Context(), compose(t)); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, name := range []string{"arguments", "mail"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(data)
	}
	if got["arguments"] != "-i -t\n" || strings.Contains(got["mail"], "\r") {
		t.Errorf("arguments %q, mail %q", got["arguments"], got["mail"])
	}
	if diff := cmp.Diff(expected(content(t)), smtpdtest.Parse(t, []byte(got["mail"]))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSendmailRelays has a real sendmail (msmtp) find out where the mail goes, and
// bring it there.
func TestSendmailRelays(t *testing.T) {
	peers.Need(t, "msmtp")
	server := smtpdtest.Start(t, smtpdtest.Options{TLS: "none"})
	s, _ := sendmail(
		t,
		"exec msmtp -C /dev/null --host=127.0.0.1 --tls=off --from=relay@example.org --port="+server.Port+` "$@"`,
	)
	if err := s.Send(t.Context(), compose(t)); err != nil {
		t.Fatal(err)
	}
	got := server.Next(t)
	if got.From != "relay@example.org" || !slices.Equal(got.To, []string{"jane@example.org"}) {
		t.Errorf("envelope: %+v", got)
	}
	if diff := cmp.Diff(expected(content(t)), smtpdtest.Parse(t, got.Data)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSendmailFails(t *testing.T) {
	for name, test := range map[string]struct {
		body  string
		limit time.Duration
		want  string
	}{
		"it says why":       {"echo 'jane... no such user' >&2; exit 67", time.Minute, "exit status 67: jane... no such user"},
		"it says too much":  {"yes | head -c 100000; exit 75", time.Minute, "exit status 75: y\n"},
		"it takes too long": {"sleep 1000 & wait", 200 * time.Millisecond, "it took longer than 200ms"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := sendmail(t, test.body)
			s.Limit = test.limit
			err := s.Send(t.Context(), compose(t))
			if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 2*maxOutput {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
