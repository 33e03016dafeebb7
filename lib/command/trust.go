package command

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/report"
)

const (
	trustFlag    = "trust"
	endorserFlag = "trust-endorser"
	policyFlag   = "policy"
)

// TrustFlags returns the flags that say whom to trust, for one category of the
// help.
func TrustFlags(category string) []cli.Flag {
	return InCategory(category,
		&cli.StringSliceFlag{Name: trustFlag, Usage: "trust the certificates in `FILE`, or in a directory, and those that their authorities issue"},
		&cli.StringSliceFlag{Name: endorserFlag, Usage: "trust the certificate with this SHA-256 `FINGERPRINT`"},
		&cli.StringFlag{Name: policyFlag, Usage: "apply the image policy in `FILE` (default: ~/.stratuslab/policy.cfg and /etc/stratuslab/policy.cfg)"},
	)
}

// TrustSettings returns the settings of TrustFlags.
func TrustSettings() []Setting { return SettingsFor(trustFlag, endorserFlag, policyFlag) }

// Trust is whom the user trusts.
type Trust struct {
	Paths        []string   // of files and directories with certificates
	Fingerprints [][32]byte // SHA-256 of certificates
	Policy       string     // path of the image policy, "" for the usual ones
	// Pin returns a hint: what to type or change to trust one more fingerprint.
	Pin func(fingerprint string) string
	// Own reads the user's own certificate, from where CredentialFlags say.
	Own func() (*x509.Certificate, error)
}

// Trust returns the values of TrustFlags. parse reads the fingerprints in one
// value of --trust-endorser, certificate the user's own certificate.
func (c *Call) Trust(parse func(string) ([][32]byte, error), certificate func(Credential) (*x509.Certificate, error)) (Trust, error) {
	policy, err := c.NamedPath(policyFlag)
	if err != nil {
		return Trust{}, err
	}
	fingerprints := ParseAll(c, &err, endorserFlag, parse)
	if err != nil {
		if !c.Typed(endorserFlag) {
			err = report.Mark(report.Credentials, err)
		}
		return Trust{}, report.WithHint(err, "openssl x509 -noout -fingerprint -sha256 -in FILE prints one")
	}
	own := func() (*x509.Certificate, error) {
		where, err := c.Credential()
		if err != nil {
			return nil, err
		}
		return certificate(where)
	}
	return Trust{c.Paths(trustFlag), slices.Concat(fingerprints...), policy, c.pinHint, own}, nil
}

// pinHint returns how to trust a fingerprint. It is not by a line of a policy: a
// white list would shut all others out.
func (c *Call) pinHint(fingerprint string) string {
	setting := SettingsFor(endorserFlag)[0]
	hint := fmt.Sprintf("trust it once with --%s %s", endorserFlag, fingerprint)
	_, configured := c.Config.values[setting.Key] // perhaps blank
	switch origin := c.Value(endorserFlag).Origin; {
	case origin == FromCommandLine || c.Config.path == "": // the flag would hide what the configuration says
		return hint
	case origin == FromEnvironment:
		return hint + fmt.Sprintf(", or for good: add it, after a space, to the variable %s", setting.Env)
	case configured:
		return hint + fmt.Sprintf(", or for good: add it, after a space, to %s in %q", setting.Key, c.Config.path)
	}
	return hint + fmt.Sprintf(", or for good with the line %s = %s below [default] in %q", setting.Key, fingerprint, c.Config.path)
}
