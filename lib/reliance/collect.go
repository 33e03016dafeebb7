package reliance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/policy"
	"github.com/stratuslab/stratus/lib/trust"
)

// sitePolicy is the policy of everybody on this machine.
const sitePolicy = "/etc/stratuslab/policy.cfg"

// newStore collects the certificates that the user trusts.
func newStore(c *command.Call) (*trust.Store, error) {
	store := &trust.Store{}
	for _, value := range c.StringSlice(endorserFlag) {
		for _, text := range splitFingerprints(value) {
			fingerprint, err := trust.ParseFingerprint(text)
			if err != nil {
				return nil, explainFingerprint(c, err)
			}
			store.Pin(fingerprint)
		}
	}
	for _, path := range c.Paths(trustFlag) {
		if err := store.Load(path); err != nil {
			return nil, fault.WithHint(refuse("reading --%s=%q: %w", trustFlag, path, err),
				"certificates in PEM are expected, such as openssl pkcs12 -nokeys -in FILE takes out of a PKCS#12 file")
		}
	}
	for _, skipped := range store.Skipped() {
		c.Log.Warnf("%v", skipped)
	}
	return store, nil
}

// splitFingerprints lets one variable or key hold several. The line that
// openssl prints has a space, but is one.
func splitFingerprints(value string) []string {
	if _, err := trust.ParseFingerprint(value); err == nil {
		return []string{value}
	}
	texts := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(texts) == 0 {
		return []string{value} // for the error
	}
	return texts
}

func explainFingerprint(c *command.Call, err error) error {
	if c.Typed(endorserFlag) {
		err = fault.Usagef("reading --%s: %w", endorserFlag, err)
	} else {
		err = refuse("reading %s or %s: %w", setting.Env, setting.Key, err)
	}
	return fault.WithHint(err, "openssl x509 -noout -fingerprint -sha256 -in FILE prints one")
}

// policyFile is a policy, with its file for messages.
type policyFile struct {
	path string
	*policy.Policy
}

// usualPolicies are the files for users who name none.
func usualPolicies() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return []string{sitePolicy}
	}
	return []string{filepath.Join(home, ".stratuslab", "policy.cfg"), sitePolicy}
}

// readPolicies reads the policy that the user names, else those of the usual
// ones that there are.
func readPolicies(c *command.Call, usual []string) ([]policyFile, error) {
	if c.IsSet(policyFlag) {
		path := c.Path(policyFlag)
		if path == "" {
			return nil, fault.Usagef("reading --%s=%q: a file is expected", policyFlag, "")
		}
		p, err := readPolicy(c, path)
		return []policyFile{p}, err
	}
	var policies []policyFile
	for _, path := range usual {
		p, err := readPolicy(c, path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}

func readPolicy(c *command.Call, path string) (policyFile, error) {
	p, err := files.Await(c.Ctx, func() (*policy.Policy, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return policy.Parse(f)
	})
	if c.Ctx.Err() != nil {
		return policyFile{}, err
	}
	if err != nil {
		var named *fs.PathError
		if errors.As(err, &named) {
			err = named.Err
		}
		return policyFile{}, refuse("reading the image policy %q: %w", path, err)
	}
	return policyFile{path, p}, nil
}

// refuse makes an error about whom to trust.
func refuse(format string, args ...any) error {
	return &fault.Error{Kind: fault.Credentials, Err: fmt.Errorf(format, args...)}
}
