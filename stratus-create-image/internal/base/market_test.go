package base

import (
	"crypto/sha1"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/trust"
)

var now = time.Now()

// market is a Marketplace in a directory, with a finder that trusts some of
// those who sign, by their certificates.
type market struct {
	t        *testing.T
	dir      string
	finder   *Finder
	trusted  []string // keys of signers
	signers  map[string]*entrytest.Endorser
	warnings []string
}

func newMarket(t *testing.T, trusted ...string) *market {
	m := &market{t: t, dir: t.TempDir(), trusted: trusted, signers: make(map[string]*entrytest.Endorser)}
	m.finder = &Finder{
		Where: m.dir,
		Open:  func() (Marketplace, error) { return m.open() },
		Trust: func(by *signature.Endorsed, _ time.Time) trust.Verdict {
			for _, name := range m.trusted {
				if by.Certificate.Equal(m.signer(name).Certificate()) || name == nameless && !by.EmailCertified {
					return trust.Verdict{Trusted: true, Certified: by.EmailCertified, Reason: "known"}
				}
			}
			return trust.Verdict{Reason: "unknown endorser", Hint: "trust " + by.Email}
		},
	}
	return m
}

func (m *market) open() (marketplace.Finder, error) { return publishtest.Open(m.t, m.dir) }

// find finds the signed description of a base.
func (m *market) find(name Name) (*signed, error) {
	m.t.Helper()
	found, err := (&Source{Name: name, Finder: m.finder}).Find(m.t.Context(), m)
	if err != nil {
		return nil, err
	}
	return found.signed, nil
}

// A market is the log of a search, and keeps the warnings.

func (m *market) Infof(string, ...any)    { m.t.Helper() }
func (m *market) Verbosef(string, ...any) { m.t.Helper() }
func (m *market) Warnf(format string, args ...any) {
	m.warnings = append(m.warnings, fmt.Sprintf(format, args...))
}
func (m *market) Meter(string, int64) io.WriteCloser { return nil }

// days is a time so many days before now.
func days(n int) time.Time { return now.AddDate(0, 0, -n) }

// signer is somebody with a certificate of their own for the address after the
// last space of the name: "eve as jane@example.org" says that she is Jane.
func (m *market) signer(name string) *entrytest.Endorser {
	m.t.Helper()
	if m.signers[name] == nil {
		m.signers[name] = entrytest.NewEndorser(m.t, name[strings.LastIndexByte(name, ' ')+1:])
	}
	return m.signers[name]
}

// publish publishes a description and returns its key, as a path.
func (m *market) publish(by string, is entrytest.Description) string {
	m.t.Helper()
	signed := m.signer(by).Sign(m.t, is)
	if by == nameless {
		signed = m.signNameless(signed, is.Created)
	}
	e, err := entry.Verify(signed)
	if err != nil {
		m.t.Fatal(err)
	}
	publishtest.Into(m.t, m.dir, e)
	return e.Path()
}

// signNameless signs a description with a certificate that names no address.
func (m *market) signNameless(signed []byte, created time.Time) []byte {
	m.t.Helper()
	i := credentialtest.Vector(m.t, "rsa-nosan")
	if created.IsZero() {
		created = time.Now()
	}
	return entrytest.SignSource(m.t, signed, signature.Signer{
		Certificate: i.Certificate, Key: i.Key, Email: jane, Created: created, Profile: signature.Modern,
	})
}

func identifier(content string) string {
	sum := sha1.Sum([]byte(content))
	return metadata.IdentifierOf(sum[:])
}

const jane, john, eve = "jane@example.org", "john@example.org", "eve@example.org"

// Others who say that they are Jane: Eve, with a certificate that says so; Jane
// herself, with a newer certificate; John, whose certificate has no address.
const eveAsJane, janeAgain, nameless = "eve as " + jane, "again " + jane, "nameless " + jane

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
