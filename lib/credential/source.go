package credential

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
)

// files name where the identity is: p12, or cert and key.
type paths struct {
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

// choose says which files to open: those that are named, else the usual ones.
func choose(c *command.Call) (paths, error) {
	chosen, ok, err := chooseNamed(c)
	if err != nil || ok {
		return chosen, err
	}
	return findDefault(c)
}

// chooseNamed says which files are named, if any. PKCS#12 and PEM exclude each
// other where both are named in the same way; otherwise the stronger way wins.
func chooseNamed(c *command.Call) (chosen paths, ok bool, err error) {
	path, strength := make(map[string]string), make(map[string]int)
	for _, s := range Settings() {
		if c.Typed(s.Flag) && c.String(s.Flag) == "" {
			return paths{}, false, fault.Usagef("reading --%s=%q: a file is expected", s.Flag, "")
		}
		path[s.Flag], strength[s.Flag] = named(c, s)
	}
	p12, pem := strength[p12Flag], max(strength[certFlag], strength[keyFlag])
	switch {
	case p12 == fromNowhere && pem == fromNowhere:
		return paths{}, false, nil
	case p12 == pem:
		return paths{}, false, fault.WithHint(fault.Usagef("a PKCS#12 file, %q, and a PEM certificate or key are both named", path[p12Flag]),
			"give either --%s or --%s and --%s", p12Flag, certFlag, keyFlag)
	case p12 > pem:
		return paths{p12: path[p12Flag]}, true, nil
	}
	chosen, err = defaults()
	if err != nil && (strength[certFlag] == fromNowhere || strength[keyFlag] == fromNowhere) {
		return paths{}, false, err
	}
	chosen.p12 = ""
	if strength[certFlag] != fromNowhere {
		chosen.cert = path[certFlag]
	}
	if strength[keyFlag] != fromNowhere {
		chosen.key, chosen.keyNamed = path[keyFlag], true
	}
	return chosen, true, nil
}

// named gives the file that a setting names, and how strongly. The variable and
// the key count for commands without the flag, too.
func named(c *command.Call, s command.Setting) (path string, strength int) {
	variable := os.Getenv(s.Env)
	key, _ := c.Config.Value(s.Key)
	switch {
	case c.Typed(s.Flag):
		return c.Path(s.Flag), fromCommandLine
	case variable != "":
		return expand(variable), fromEnvironment
	case key != "":
		return expand(key), fromConfiguration
	}
	return "", fromNowhere
}

// expand does for a path what the shell does on the command line.
func expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	home, err := os.UserHomeDir()
	if !ok || err != nil {
		return path
	}
	return filepath.Join(home, rest)
}

// findDefault takes what there is in ~/.globus, PKCS#12 first.
func findDefault(c *command.Call) (paths, error) {
	d, err := defaults()
	switch {
	case err != nil:
		return paths{}, err
	case exists(d.p12):
		return paths{p12: d.p12}, nil
	case exists(d.cert) && exists(d.key):
		return paths{cert: d.cert, key: d.key}, nil
	}
	return paths{}, fault.WithHint(
		refuse("finding a certificate: neither %q nor %q with %q is there, and none is named", d.p12, d.cert, d.key),
		"name yours with --%s, or make one: %s", p12Flag, makeOne(c.App.Name))
}

// defaults are the files of users who name none.
func defaults() (paths, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return paths{}, fault.WithHint(refuse("finding a certificate: %w", err), "name it with --%s", p12Flag)
	}
	dir := filepath.Join(home, ".globus")
	return paths{
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
