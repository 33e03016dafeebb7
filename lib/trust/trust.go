// Package trust decides whether the user relies on an endorsed document: whether
// the image policies allow it, and whether the certificate behind its signature
// is pinned, or a trusted authority issued it for the e-mail address that is
// claimed and has not revoked it, or it is the user's own.
//
// It must not know what the document is wanted for, nor how its signature was
// checked, nor which flags and variables say whom to trust. It fetches nothing,
// and takes nothing from the system: what is not loaded is not trusted.
package trust

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
)

// sitePolicy is the policy of everybody on this machine.
const sitePolicy = "/etc/stratuslab/policy.cfg"

// Options say whom the user trusts.
type Options struct {
	Paths        []string            // files and directories of certificates and revocation lists
	Fingerprints [][sha256.Size]byte // of certificates
	// Policy is the path of the image policy; if it is empty, those of
	// ~/.stratuslab/policy.cfg and /etc/stratuslab/policy.cfg count that exist.
	Policy string
	// Pin returns what to type or to change to trust one more fingerprint, for
	// Verdict.Hint. It may be nil.
	Pin func(fingerprint string) string
	// Own reads the user's own certificate; it is called once at most, when nothing
	// else decides.
	Own func() (*x509.Certificate, error)
}

// Judge knows whom the user trusts. It may be used by several goroutines.
type Judge struct {
	store    *store
	policies []policyFile
	own      func() *x509.Certificate // nil where there is none that can be read
	pin      func(fingerprint string) string
}

// Verdict is the answer for one document.
type Verdict struct {
	Trusted bool
	// Certified says, of what is trusted, that the address is the endorser's as
	// well: the certificate names it, a policy has the two together, or the
	// certificate is the user's own. Otherwise it is only claimed.
	Certified bool
	// Reason is a short phrase for the user, printable whatever the certificates
	// say, such as "pinned certificate".
	Reason string
	// Hint is one line that says what to do to trust the endorser. It is empty
	// for what is trusted, and where no such thing would help.
	Hint string
}

// Decision answers whether the user relies on a document, as Judge.Decide does.
type Decision func(by *signature.Endorsed, now time.Time) Verdict

// Refusal answers why the user refuses an image, as Judge.RefuseImage does.
type Refusal func(by *signature.Endorsed, image diskimage.Image) string

// New reads whom to trust, and warns about files that it passes over. The errors
// about what cannot be read are of kind report.Credentials.
func New(ctx context.Context, o Options, log report.Log) (*Judge, error) {
	usual := []string{sitePolicy}
	if home, err := os.UserHomeDir(); err == nil {
		usual = []string{filepath.Join(home, ".stratuslab", "policy.cfg"), sitePolicy}
	}
	return newJudge(ctx, o, log, usual)
}

func newJudge(ctx context.Context, o Options, log report.Log, usual []string) (*Judge, error) {
	j := &Judge{store: &store{}, pin: o.Pin}
	for _, fingerprint := range o.Fingerprints {
		j.store.pin(fingerprint)
	}
	for _, path := range o.Paths {
		if err := j.store.load(path); err != nil {
			return nil, report.WithHint(report.Credentialsf("loading trusted certificates from %q: %w", path, files.WithoutName(err)),
				"give certificates in PEM, such as openssl pkcs12 -nokeys -in FILE takes out of a PKCS#12 file")
		}
	}
	for _, skipped := range j.store.skipped {
		log.Warnf("%v", skipped)
	}
	var err error
	if o.Policy != "" {
		j.policies, err = readPolicies(ctx, []string{o.Policy}, true)
	} else {
		j.policies, err = readPolicies(ctx, usual, false)
	}
	j.own = sync.OnceValue(func() *x509.Certificate {
		certificate, err := o.Own()
		if err != nil {
			log.Verbosef("looking for your own certificate: %v", err)
		}
		return certificate
	})
	return j, err
}

// policyFile is a policy, with its file for messages.
type policyFile struct {
	path string
	*policy
}

// readPolicies reads those of the files that exist, which all must if needed.
func readPolicies(ctx context.Context, paths []string, needed bool) ([]policyFile, error) {
	var policies []policyFile
	for _, path := range paths {
		p, err := files.Await(ctx, func() (*policy, error) {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			return parsePolicy(text)
		})
		switch {
		case err == nil:
			policies = append(policies, policyFile{path, p})
		case ctx.Err() != nil:
			return nil, err
		case needed || !errors.Is(err, fs.ErrNotExist):
			return nil, report.Credentialsf("reading the image policy %q: %w", path, files.WithoutName(err))
		}
	}
	return policies, nil
}

// Decide answers whether the user relies on the document, at the time now. Every
// policy must allow it, and its certificate must be trusted: as store.decide
// says, by the policy that has it together with the endorser's address, or
// because it is the user's own. The last is looked at only where nothing else
// decides, without asking anybody for a passphrase.
//
// Neither a policy nor that the certificate is the user's own makes up for one
// that was not valid at the endorsement, or is in a revocation list.
func (j *Judge) Decide(by *signature.Endorsed, now time.Time) Verdict {
	consulted := j.consult(by)
	pinned := j.store.decide(by, now, true)
	if consulted.refusal != "" {
		v := Verdict{Reason: consulted.refusal}
		if pinned.Trusted && consulted.unlisted != "" {
			v.Hint = fmt.Sprintf("%strust it with the line %q below %s in %q", confirmed,
				"    "+by.Email+" "+signature.Fingerprint(by.Certificate), WhitelistEndorsers, consulted.unlisted)
		}
		return v
	}
	v := j.store.decide(by, now, false)
	reason := "your own certificate"
	switch {
	case v.Trusted:
		v.Certified = by.EmailCertified || consulted.pinnedIn != "" || by.Certificate.Equal(j.own())
		return v
	case consulted.pinnedIn != "":
		reason = fmt.Sprintf("pinned in %q", consulted.pinnedIn)
	case by.Certificate.Equal(j.own()):
	case pinned.Trusted && j.pin != nil:
		v.Hint = confirmed + j.pin(signature.Fingerprint(by.Certificate))
		return v
	default:
		return v
	}
	if !pinned.Trusted {
		return pinned
	}
	return Verdict{Trusted: true, Certified: true, Reason: reason}
}

const confirmed = "if its owner confirms the fingerprint, "

// DecideUntrusted answers whether the policies allow the document, without regard
// to its signer: for users who do not want to rely on certificates. An address counts as
// certified where the certificate names it, which anybody can make one do.
func (j *Judge) DecideUntrusted(by *signature.Endorsed, _ time.Time) Verdict {
	if refusal := j.consult(by).refusal; refusal != "" {
		return Verdict{Reason: refusal}
	}
	return Verdict{Trusted: true, Certified: by.EmailCertified, Reason: "not looked at"}
}

// RefuseImage returns why a policy refuses the image itself, by all of its
// checksums: the document may have left out the one that a list has. It is empty
// where none does. The certificate is not looked at.
func (j *Judge) RefuseImage(by *signature.Endorsed, image diskimage.Image) string {
	return j.consultOn(by, image).refusal
}

// consultation is what all policies together say.
type consultation struct {
	refusal  string // why one of them refuses, "" if none does
	unlisted string // the file whose white list of endorsers refuses
	pinnedIn string // the first file that pins the certificate
}

// consult asks the policies about the image that the document describes.
func (j *Judge) consult(by *signature.Endorsed) consultation {
	if len(j.policies) == 0 {
		return consultation{}
	}
	image, err := by.Document.Image()
	if err != nil {
		return consultation{refusal: fmt.Sprintf("no policy can be applied: %v", err)}
	}
	return j.consultOn(by, image)
}

// consultOn asks them about an image with these checksums.
func (j *Judge) consultOn(by *signature.Endorsed, image diskimage.Image) consultation {
	var found consultation
	s := subject{
		Email: by.Email, Fingerprint: sha256.Sum256(by.Certificate.Raw),
		Identifier: by.Document.Text(metadata.Identifier), Image: image,
	}
	for _, p := range j.policies {
		r := p.decide(s)
		if !r.Allowed {
			refused := consultation{refusal: fmt.Sprintf("%s of %q", r.Reason, p.path)}
			if r.List == WhitelistEndorsers {
				refused.unlisted = p.path
			}
			return refused
		}
		if r.Pinned && found.pinnedIn == "" {
			found.pinnedIn = p.path
		}
	}
	return found
}
