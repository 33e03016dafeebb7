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

// String returns the path and the arguments, quoted for a shell.
func (s Script) String() string { return shell.Join(append([]string{s.Path}, s.Args...)...) }

// ParseScript reads "path arg arg", words as a shell splits them, or the path of
// a file, whatever characters are in it.
func ParseScript(line string) (Script, error) {
	s := Script{Path: line}
	if _, err := os.Stat(line); err != nil {
		fields, err := shell.Split(line)
		if err != nil {
			return s, err
		}
		if len(fields) == 0 {
			return s, errors.New("it has no path")
		}
		s = Script{Path: fields[0], Args: fields[1:]}
	}
	info, err := os.Stat(s.Path)
	if err != nil {
		return s, err
	}
	if !info.Mode().IsRegular() {
		return s, fmt.Errorf("%q is not a regular file", s.Path)
	}
	return s, nil
}

// Copy is a local file or directory and its absolute path in the guest.
type Copy struct{ Local, Remote string }

// ParseCopy reads LOCAL:REMOTE. It splits at the last ":/": a local name may
// contain colons.
func ParseCopy(text string) (Copy, error) {
	i := strings.LastIndex(text, ":/")
	if i < 1 {
		return Copy{}, errors.New("not a valid copy; want LOCAL:REMOTE, where REMOTE begins with a slash")
	}
	c := Copy{Local: text[:i], Remote: text[i+1:]}
	if _, err := os.Stat(c.Local); err != nil {
		return Copy{}, err
	}
	if path.Clean(c.Remote) == "/" && !strings.HasSuffix(c.Remote, "/") {
		return Copy{}, errors.New("the copy needs a name in the guest")
	}
	return c, nil
}

// target returns the path of the copy in the guest. A Remote that ends with a
// slash is the directory that receives it.
func (c Copy) target() string {
	if strings.HasSuffix(c.Remote, "/") {
		return path.Join(c.Remote, path.Base(strings.TrimRight(c.Local, "/")))
	}
	return path.Clean(c.Remote)
}

// variable matches the name of an environment variable.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ParseVariable reads NAME=VALUE, or NAME alone for a variable of our own
// environment. Its errors do not contain the value, which may be secret.
func ParseVariable(text string) (Variable, error) {
	name, value, given := strings.Cut(text, "=")
	if !variable.MatchString(name) {
		return Variable{}, fmt.Errorf("%q is not a valid name of a variable; want NAME=VALUE or NAME", name)
	}
	if !given {
		if value, given = os.LookupEnv(name); !given {
			return Variable{}, fmt.Errorf("%q has no value and is not in the environment", name)
		}
	}
	if strings.ContainsRune(value, 0) {
		return Variable{}, fmt.Errorf("the value of %q contains a NUL", name)
	}
	return Variable{name, value}, nil
}

// Variable is one environment variable for scripts and commands.
type Variable struct{ Name, Value string }

// exports returns a shell file that sets the variables.
func exports(variables []Variable) string {
	var b strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&b, "export %s=%s\n", v.Name, shell.Quote(v.Value))
	}
	return b.String()
}
