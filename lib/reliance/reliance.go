// Package reliance decides whether the user of a command relies on an endorsed
// document: it collects whom the user trusts from the command line, the
// environment, the configuration and the image policies. It must not know what
// the document is wanted for, nor how its signature was checked.
package reliance

import (
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/trust"
)

const (
	trustFlag    = "trust"
	endorserFlag = "trust-endorser"
	policyFlag   = "policy"
)

// Flags are the options that say whom to trust, for one category of the help.
func Flags(category string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: trustFlag, Category: category,
			Usage: "trust the certificates in `FILE`, or in a directory, and what their authorities issue; may be repeated"},
		&cli.StringSliceFlag{Name: endorserFlag, Category: category,
			Usage: "trust the certificate with this SHA-256 `FINGERPRINT`; may be repeated"},
		&cli.StringFlag{Name: policyFlag, Category: category,
			Usage: "apply the image policy in `FILE` (default: ~/.stratuslab/policy.cfg and /etc/stratuslab/policy.cfg)"},
	}
}

// Settings are the variables and configuration keys that stand for the flags.
func Settings() []command.Setting {
	return command.SettingsFor(trustFlag, endorserFlag, policyFlag)
}

// Judge knows whom the user trusts. It may be used by several goroutines.
type Judge struct {
	c        *command.Call
	store    *trust.Store
	policies []policyFile
	// own is the user's certificate, nil where there is none that can be read.
	own func() *x509.Certificate
}

// Verdict is the answer for one document.
type Verdict struct {
	Trusted bool
	// Certified tells, of what is trusted, that the address is the endorser's as
	// well: the certificate names it, a policy has the two together, or the
	// certificate is the user's own. Otherwise it is only claimed.
	Certified bool
	// Reason is a short phrase for the user, such as "pinned certificate".
	Reason string
	// Hint is one line that says what to type to trust the endorser. It is
	// empty for what is trusted, and where no such thing would help.
	Hint string
}

// New reads whom to trust, and warns about files that it passes over. What
// cannot be read ends the command with command.ExitCredentials, or command.ExitUsage.
//
// The command must have Flags and Settings. It need not have those of package
// credential, but New calls credential.Prepare, which hides the passphrase from
// other programs: it must come before the first of them is started, and a
// command that signs as well must not call both.
func New(c *command.Call) (*Judge, error) { return newJudge(c, usualPolicies()) }

func newJudge(c *command.Call, usual []string) (*Judge, error) {
	source, err := credential.Prepare(c)
	if err != nil {
		return nil, err
	}
	store, err := newStore(c)
	if err != nil {
		return nil, err
	}
	policies, err := readPolicies(c, usual)
	if err != nil {
		return nil, err
	}
	own := sync.OnceValue(func() *x509.Certificate {
		certificate, err := source.Certificate()
		if err != nil {
			c.Log.Verbosef("looking for your own certificate: %v", err)
		}
		return certificate
	})
	return &Judge{c: c, store: store, policies: policies, own: own}, nil
}

// Decide tells whether the user relies on the document, at the time now. Every
// policy must allow it, and its certificate must be trusted: by the options, as
// trust.Store.Decide says, by the policy that has it together with the
// endorser's address, or because it is the user's own. The last is looked at
// only where nothing else decides, without asking anybody for a passphrase.
//
// Neither a policy nor that the certificate is the user's own makes up for one
// that was not valid at the endorsement, or is in a revocation list.
func (j *Judge) Decide(by *signature.Endorsed, now time.Time) Verdict {
	consulted := j.consult(by)
	claim := trust.Claim{Certificate: by.Certificate, Chain: by.Chain, Email: by.Email, At: by.Created}
	pinned := j.store.DecidePinned(claim, now)
	if consulted.refusal != "" {
		v := Verdict{Reason: consulted.refusal}
		if pinned.Trusted && consulted.unlisted != "" {
			v.Hint = listHint(by, consulted.unlisted)
		}
		return v
	}
	decision := j.store.Decide(claim, now)
	var reason string
	switch {
	case decision.Trusted:
		certified := by.EmailCertified || consulted.pinnedIn != "" || by.Certificate.Equal(j.own())
		return Verdict{Trusted: true, Certified: certified, Reason: decision.Reason}
	case consulted.pinnedIn != "":
		reason = fmt.Sprintf("pinned in %q", consulted.pinnedIn)
	case by.Certificate.Equal(j.own()):
		reason = "your own certificate"
	case pinned.Trusted:
		return Verdict{Reason: decision.Reason, Hint: j.trustHint(by)}
	default:
		return Verdict{Reason: decision.Reason}
	}
	if !pinned.Trusted {
		return Verdict{Reason: pinned.Reason}
	}
	return Verdict{Trusted: true, Certified: true, Reason: reason}
}

// DecideUntrusted tells whether the policies allow the document, whoever signed
// it: for users who do not want to rely on certificates. An address counts as
// certified where the certificate names it, which anybody can make one do.
func (j *Judge) DecideUntrusted(by *signature.Endorsed, _ time.Time) Verdict {
	if refusal := j.consult(by).refusal; refusal != "" {
		return Verdict{Reason: refusal}
	}
	return Verdict{Trusted: true, Certified: by.EmailCertified, Reason: "not looked at"}
}

// RefuseImage says why a policy refuses the image itself, by all of its
// checksums: the document may have left out the one that a list has. It is empty
// where none does. The certificate is not looked at.
func (j *Judge) RefuseImage(by *signature.Endorsed, image diskimage.Image) string {
	return j.consultOn(by, image).refusal
}
