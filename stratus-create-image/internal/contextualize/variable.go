package contextualize

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Variable is a variable that the user sets in the context.
type Variable struct{ Name, Value string }

// maxVariable bounds NAME=VALUE, in bytes. Guests export the variables, and Linux
// starts no program with a longer string in its environment.
const maxVariable = 128<<10 - 1

// maxVariables bounds all variables together, in bytes. Linux leaves a quarter of
// the stack for the environment and the arguments of a program.
const maxVariables = 1 << 20

// Names that the context sets itself, and names with a meaning for a shell or the
// loader of programs.
var (
	validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reserved  = regexp.MustCompile(`^(ETH[0-9]+_.*|CLOUD_INIT_.*|CONTEXT_METHOD|NETWORK|PUBLIC_KEY|SSH_KEY|SSH_PUBLIC_KEY|START_SCRIPT(_BASE64)?|USER_?DATA(_ENCODING)?|stratus_.*)$`)
	shellName = regexp.MustCompile(`^(_|__v|BASH.*|COMP_.*|DIRSTACK|ENV|EPOCH.*|EUID|FUNCNAME|GLOBIGNORE|GROUPS|HIST.*|HOME|IFS|LD_.*|LINENO|OLDPWD|OPT(ARG|ERR|IND)|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-4]|PWD|S?RANDOM|REPLY|SECONDS|SHELL|SHELLOPTS|SHLVL|UID)$`)
)

// ParseVariables parses texts of the form NAME=VALUE.
func ParseVariables(texts []string) ([]Variable, error) {
	var all []Variable
	total := 0
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		v := Variable{name, value}
		if !ok {
			return nil, fmt.Errorf("%.40q is not a valid variable; want NAME=VALUE", text)
		}
		if err := v.check(); err != nil {
			return nil, fmt.Errorf("variable %.40q: %w", name, err)
		}
		if slices.ContainsFunc(all, func(other Variable) bool { return other.Name == name }) {
			return nil, fmt.Errorf("variable %q: set twice", name)
		}
		if total += len(text); total > maxVariables {
			return nil, fmt.Errorf("variable %q: at most %d bytes in all variables together", name, maxVariables)
		}
		all = append(all, v)
	}
	return all, nil
}

func (v Variable) check() error {
	switch {
	case !validName.MatchString(v.Name):
		return errors.New("not a valid name; want letters, digits and _, the first no digit")
	case reserved.MatchString(v.Name):
		return errors.New("the context sets this variable itself")
	case shellName.MatchString(v.Name):
		return errors.New("this name has a meaning for the guest's shell")
	case strings.Contains(v.Value, "\x00"):
		return errors.New("no variable can hold a NUL byte")
	case !utf8.ValidString(v.Value):
		return errors.New("not valid UTF-8, which cloud-init requires")
	}
	return v.checkSize()
}

func (v Variable) checkSize() error {
	if size := len(v.Name) + 1 + len(v.Value); size > maxVariable {
		return fmt.Errorf("%s has %d bytes; at most %d", v.Name, size, maxVariable)
	}
	return nil
}

// quote returns a value as one word for any shell, always in single quotes: not
// only shells read context.sh.
func quote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// contextSh returns the file context.sh, sorted as OpenNebula sorts it.
func contextSh(variables []Variable) ([]byte, error) {
	b := new(strings.Builder)
	fmt.Fprintln(b, "# Context variables")
	sorted := slices.Clone(variables)
	slices.SortFunc(sorted, func(x, y Variable) int { return strings.Compare(x.Name, y.Name) })
	for _, v := range sorted {
		if err := v.checkSize(); err != nil {
			return nil, err
		}
		fmt.Fprintf(b, "%s=%s\n", v.Name, quote(v.Value))
	}
	return []byte(b.String()), nil
}
