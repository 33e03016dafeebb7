package source

import (
	"context"
	"crypto/sha1"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/reliance"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/signature"
)

var now = time.Now()

// market is a Marketplace in a directory, with a finder that trusts some of
// those who sign.
type market struct {
	t        *testing.T
	dir      string
	finder   *Finder
	trusted  map[string]bool // by the address
	signers  map[string]*entrytest.Endorser
	warnings []string
}

func newMarket(t *testing.T, trusted ...string) *market {
	m := &market{t: t, dir: t.TempDir(), trusted: make(map[string]bool), signers: make(map[string]*entrytest.Endorser)}
	for _, email := range trusted {
		m.trusted[email] = true
	}
	m.finder = &Finder{
		Where: m.dir,
		Open:  func() (marketplace.Place, error) { return marketplace.Open(t.Context(), m.dir, remote.Options{}) },
		Read: func(_ context.Context, url string, limit int64) ([]byte, error) {
			text, err := os.ReadFile(strings.TrimPrefix(url, "file://"))
			return text[:min(int64(len(text)), limit)], err
		},
		Trust: func(by *signature.Endorsed, _ time.Time) reliance.Verdict {
			if m.trusted[by.Email] {
				return reliance.Verdict{Trusted: true, Reason: "known"}
			}
			return reliance.Verdict{Reason: "unknown endorser", Hint: "trust " + by.Email}
		},
		Warn: func(format string, args ...any) { m.warnings = append(m.warnings, fmt.Sprintf(format, args...)) },
	}
	return m
}

// days is a time so many days before now.
func days(n int) time.Time { return now.AddDate(0, 0, -n) }

func (m *market) signer(email string) *entrytest.Endorser {
	m.t.Helper()
	if m.signers[email] == nil {
		m.signers[email] = entrytest.NewEndorser(m.t, email)
	}
	return m.signers[email]
}

// publish publishes a description and returns its key, as a path.
func (m *market) publish(email string, is entrytest.Description) string {
	m.t.Helper()
	place, err := m.finder.Open()
	if err != nil {
		m.t.Fatal(err)
	}
	e := m.signer(email).Entry(m.t, is)
	if _, err := place.Publish(m.t.Context(), e); err != nil {
		m.t.Fatal(err)
	}
	return e.Path()
}

func identifier(content string) string {
	sum := sha1.Sum([]byte(content))
	return metadata.IdentifierOf(sum[:])
}

const jane, john, eve = "jane@example.org", "john@example.org", "eve@example.org"

var (
	expired    = days(1)
	deprecated = map[metadata.Term]string{metadata.Deprecated: "has a hole"}
)

// debian adds the tag to the terms.
func debian(term map[metadata.Term]string) map[metadata.Term]string {
	with := map[metadata.Term]string{metadata.Alternative: "debian"}
	for k, v := range term {
		with[k] = v
	}
	return with
}
