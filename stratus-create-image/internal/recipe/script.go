package recipe

import (
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
)

// Script is a local program to run in the guest.
type Script struct {
	Path string
	Args []string
}

// ParseScript reads "path arg arg": words as a shell splits them. The name of a
// file that exists stands for itself, whatever is in it.
func ParseScript(line string) (Script, error) {
	s := Script{Path: line}
	if _, err := os.Stat(line); err != nil {
		fields, err := shell.Split(line)
		if err != nil {
			return s, fmt.Errorf("reading the script: %w", err)
		}
		if len(fields) == 0 {
			return s, errors.New("reading the script: its name is empty")
		}
		s = Script{Path: fields[0], Args: fields[1:]}
	}
	info, err := os.Stat(s.Path)
	if err != nil {
		return s, fmt.Errorf("reading the script: %w", err)
	}
	if !info.Mode().IsRegular() {
		return s, fmt.Errorf("reading the script %q: it is no regular file", s.Path)
	}
	return s, nil
}

// Copy is a local file or directory and its absolute path in the guest.
type Copy struct{ Local, Remote string }

// ParseCopy reads LOCAL:REMOTE. It splits at the last ":/": a local name may
// hold colons.
func ParseCopy(text string) (Copy, error) {
	i := strings.LastIndex(text, ":/")
	if i < 1 {
		return Copy{}, fmt.Errorf("reading the copy %q: LOCAL:REMOTE is expected, REMOTE beginning with a slash", text)
	}
	c := Copy{Local: text[:i], Remote: text[i+1:]}
	if _, err := os.Stat(c.Local); err != nil {
		return Copy{}, fmt.Errorf("reading the copy %q: %w", text, err)
	}
	if path.Clean(c.Remote) == "/" && !strings.HasSuffix(c.Remote, "/") {
		return Copy{}, fmt.Errorf("reading the copy %q: the file needs a name in the guest", text)
	}
	return c, nil
}

// target is where the copy goes: a REMOTE that ends with a slash is the
// directory that gets it.
func (c Copy) target() string {
	if strings.HasSuffix(c.Remote, "/") {
		return path.Join(c.Remote, path.Base(strings.TrimRight(c.Local, "/")))
	}
	return path.Clean(c.Remote)
}

// variable matches the name of an environment variable.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ParseEnv reads NAME=VALUE, or NAME alone for a variable of our own
// environment, which keeps its value off the command line.
func ParseEnv(text string) (Variable, error) {
	name, value, given := strings.Cut(text, "=")
	if !variable.MatchString(name) {
		return Variable{}, fmt.Errorf("reading the variable %q: NAME=VALUE or NAME is expected", name)
	}
	if !given {
		if value, given = os.LookupEnv(name); !given {
			return Variable{}, fmt.Errorf("reading the variable %q: it has no value and is not in the environment", name)
		}
	}
	if strings.ContainsRune(value, 0) {
		return Variable{}, fmt.Errorf("reading the variable %q: its value holds a NUL", name)
	}
	return Variable{name, value}, nil
}

// Variable is one environment variable for scripts and commands.
type Variable struct{ Name, Value string }

// exports is a shell file that sets the variables.
func exports(variables []Variable) string {
	var b strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&b, "export %s=%s\n", v.Name, shell.Quote(v.Value))
	}
	return b.String()
}
