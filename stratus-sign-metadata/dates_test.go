package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/signature"
)

// TestDatesOfEndorsements verifies documents whose signer did not care about the
// certificate's dates, as the original software does not: they count at the
// time of the endorsement.
func TestDatesOfEndorsements(t *testing.T) {
	i := credentialtest.Vector(t, "rsa-san")
	certificate := i.Certificate
	document, err := os.ReadFile(commandtest.Vectors + "/plain.xml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "signed.xml")
	t.Setenv("HOME", t.TempDir())
	const hour = time.Hour
	tests := map[string]struct {
		created, now time.Time
		code         int
		want         string
	}{
		"valid": {
			created: certificate.NotBefore.Add(hour), now: certificate.NotBefore.Add(2 * hour),
			want: "trusted (pinned certificate)",
		},
		"expired since": {
			created: certificate.NotAfter.Add(-hour), now: certificate.NotAfter.Add(hour),
			want: "trusted (pinned certificate)",
		},
		"expired before": {
			created: certificate.NotAfter.Add(hour), now: certificate.NotAfter.Add(2 * hour), code: 4,
			want: "untrusted (its certificate expired on ",
		},
		"not valid by then": {
			created: certificate.NotBefore.Add(-hour), now: certificate.NotBefore.Add(hour), code: 4,
			want: "untrusted (its certificate was valid only from ",
		},
		"in the future": {
			created: certificate.NotBefore.Add(2 * hour), now: certificate.NotBefore.Add(hour), code: 4,
			want: "untrusted (the endorsement is dated in the future: ",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			signed := entrytest.SignSource(t, document, signature.Signer{
				Certificate: certificate, Key: i.Key, Created: test.created, Profile: signature.Modern,
			})
			if err := os.WriteFile(file, signed, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("SOURCE_DATE_EPOCH", fmt.Sprint(test.now.Unix()))
			var stdout, stderr bytes.Buffer
			args := []string{"--verify", "--trust", commandtest.Vectors + "/rsa-san.pem", file}
			code := command.Run(context.Background(), program(), args, command.Streams{In: &stdout, Out: &stdout, Err: &stderr})
			out := stdout.String()
			if code != test.code || !strings.Contains(out, "good signature by Ada Image") || !strings.Contains(out, test.want) {
				t.Errorf("exit %d, want %d with %q: %s", code, test.code, test.want, out)
			}
		})
	}
}
