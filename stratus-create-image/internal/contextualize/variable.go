package contextualize

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Variable is one that the user sets in the context.
type Variable struct{ Name, Value string }

// maxVariable bounds NAME=VALUE, in bytes: guests export what they read, and
// Linux starts no program with a longer string in its environment.
const maxVariable = 128<<10 - 1

// maxVariables bounds them all together: a quarter of the stack is for the
// environment and the arguments, and others need some of it.
const maxVariables = 1 << 20

// A name that this package writes itself, or that means something to a shell
// or to whoever loads programs.
var (
	validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reserved  = regexp.MustCompile(`^(ETH[0-9]+_.*|CLOUD_INIT_.*|CONTEXT_METHOD|NETWORK|PUBLIC_KEY|SSH_KEY|SSH_PUBLIC_KEY|START_SCRIPT(_BASE64)?|USER_?DATA(_ENCODING)?|stratus_.*)$`)
	shellName = regexp.MustCompile(`^(_|__v|BASH.*|COMP_.*|DIRSTACK|ENV|EPOCH.*|EUID|FUNCNAME|GLOBIGNORE|GROUPS|HIST.*|HOME|IFS|LD_.*|LINENO|OLDPWD|OPT(ARG|ERR|IND)|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-4]|PWD|S?RANDOM|REPLY|SECONDS|SHELL|SHELLOPTS|SHLVL|UID)$`)
)

// ParseVariables reads NAME=VALUE for each variable.
func ParseVariables(texts []string) ([]Variable, error) {
	var all []Variable
	total := 0
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		v := Variable{name, value}
		if !ok {
			return nil, fmt.Errorf("reading the context variable %.40q: NAME=VALUE is expected", text)
		}
		if err := v.check(); err != nil {
			return nil, fmt.Errorf("reading the context variable %.40q: %w", name, err)
		}
		if slices.ContainsFunc(all, func(other Variable) bool { return other.Name == name }) {
			return nil, fmt.Errorf("reading the context variable %q: it is set twice", name)
		}
		if total += len(text); total > maxVariables {
			return nil, fmt.Errorf("reading the context variables: with %q they are larger than %d bytes", name, maxVariables)
		}
		all = append(all, v)
	}
	return all, nil
}

func (v Variable) check() error {
	switch {
	case !validName.MatchString(v.Name):
		return fmt.Errorf("a name of letters, digits and _ is expected")
	case reserved.MatchString(v.Name):
		return fmt.Errorf("this name is set by the context itself")
	case shellName.MatchString(v.Name):
		return fmt.Errorf("this name means something to the guest's shell")
	case strings.Contains(v.Value, "\x00"):
		return fmt.Errorf("no variable can hold a NUL byte")
	case !utf8.ValidString(v.Value):
		return fmt.Errorf("cloud-init takes values in UTF-8 only")
	}
	return v.checkSize()
}

func (v Variable) checkSize() error {
	if size := len(v.Name) + 1 + len(v.Value); size > maxVariable {
		return fmt.Errorf("%s has %d bytes, and %d are allowed", v.Name, size, maxVariable)
	}
	return nil
}

// quote makes a value one word for any shell, always in single quotes: other
// programs than shells read context.sh, too.
func quote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// contextSh is context.sh, sorted as OpenNebula does.
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
