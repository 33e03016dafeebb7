package credential

import (
	"os"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/tool"
)

// files name where the identity is: p12, or cert and key.
type files struct {
	p12, cert, key string
	keyNamed       bool // and not the usual one
}

// The ways to name a file, the strongest last.
const (
	fromNowhere = iota
	fromConfiguration
	fromEnvironment
	fromCommandLine
)

// choose says which files to open. PKCS#12 and PEM exclude each other where
// both are named in the same way; otherwise the stronger way wins.
func choose(c *tool.Call) (files, error) {
	strength := make(map[string]int)
	for _, s := range Settings() {
		if c.IsSet(s.Flag) && c.String(s.Flag) == "" {
			return files{}, tool.Usagef("reading --%s=%q: a file is expected", s.Flag, "")
		}
		switch {
		case c.Typed(s.Flag):
			strength[s.Flag] = fromCommandLine
		case c.IsSet(s.Flag) && os.Getenv(s.Env) != "":
			strength[s.Flag] = fromEnvironment
		case c.IsSet(s.Flag):
			strength[s.Flag] = fromConfiguration
		}
	}
	p12, pem := strength[p12Flag], max(strength[certFlag], strength[keyFlag])
	switch {
	case p12 == fromNowhere && pem == fromNowhere:
		return findDefault(c)
	case p12 == pem:
		return files{}, tool.WithHint(tool.Usagef("a PKCS#12 file, %q, and a PEM certificate or key are both named", c.Path(p12Flag)),
			"give either --%s or --%s and --%s", p12Flag, certFlag, keyFlag)
	case p12 > pem:
		return files{p12: c.Path(p12Flag)}, nil
	}
	chosen, err := defaults()
	if err != nil && (strength[certFlag] == fromNowhere || strength[keyFlag] == fromNowhere) {
		return files{}, err
	}
	chosen.p12 = ""
	if strength[certFlag] != fromNowhere {
		chosen.cert = c.Path(certFlag)
	}
	if strength[keyFlag] != fromNowhere {
		chosen.key, chosen.keyNamed = c.Path(keyFlag), true
	}
	return chosen, nil
}

// findDefault takes what there is in ~/.globus, PKCS#12 first.
func findDefault(c *tool.Call) (files, error) {
	d, err := defaults()
	switch {
	case err != nil:
		return files{}, err
	case exists(d.p12):
		return files{p12: d.p12}, nil
	case exists(d.cert) && exists(d.key):
		return files{cert: d.cert, key: d.key}, nil
	}
	return files{}, tool.WithHint(
		refuse("finding a certificate: neither %q nor %q with %q is there, and none is named", d.p12, d.cert, d.key),
		"name yours with --%s, or make one: %s", p12Flag, makeOne(c.App.Name))
}

// defaults are the files of users who name none.
func defaults() (files, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return files{}, tool.WithHint(refuse("finding a certificate: %w", err), "name it with --%s", p12Flag)
	}
	dir := filepath.Join(home, ".globus")
	return files{
		p12:  filepath.Join(dir, "usercert.p12"),
		cert: filepath.Join(dir, "usercert.pem"),
		key:  filepath.Join(dir, "userkey.pem"),
	}, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// makeOne is the command that makes a new certificate.
func makeOne(program string) string {
	return program + " --new-certificate FILE.p12 --email ADDRESS --name NAME"
}
