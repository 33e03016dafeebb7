package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/report"
)

// Setting names the variable and the key of the configuration for a flag, or for
// a value that has no flag. The command line wins over the environment, which
// wins over the file.
type Setting struct {
	Flag string // the flag's first name; the name of the setting where there is no such flag
	Env  string // such as "STRATUSLAB_AUTHOR"
	Key  string // such as "author"
	// Secret keeps the value from everything but Call.Secret. Its variable is
	// removed from the environment. With Blank, an empty variable counts as well.
	Secret, Blank bool
}

// SettingsFor returns the usual settings of flags: for "cpu-count",
// STRATUSLAB_CPU_COUNT and cpu_count.
func SettingsFor(flags ...string) []Setting {
	settings := make([]Setting, len(flags))
	for i, flag := range flags {
		key := strings.ReplaceAll(flag, "-", "_")
		settings[i] = Setting{Flag: flag, Env: "STRATUSLAB_" + strings.ToUpper(key), Key: key}
	}
	return settings
}

// Origin is where a value comes from. A greater one is stronger.
type Origin int

// The origins of values.
const (
	Default Origin = iota // the flag's own value; nobody has set it
	FromConfiguration
	FromEnvironment
	FromCommandLine
)

// Value is the text of a flag or setting, with its origin.
type Value struct {
	Text   string // empty for a secret
	Origin Origin
	Name   string // for messages: --NAME, the variable NAME, or KEY in "FILE"
}

// Value returns the value of a flag or setting.
func (c *Call) Value(name string) Value {
	if v, ok := c.settled[name]; ok && !c.Typed(name) {
		return v
	}
	v := Value{Text: c.String(name), Name: "--" + name}
	if c.IsSet(name) {
		v.Origin = FromCommandLine
	}
	if _, ok := c.secrets[name]; ok {
		v.Text = ""
	}
	return v
}

// Typed reports whether the flag, called by its first name, stands on the
// command line. IsSet also counts the environment and the configuration.
func (c *Call) Typed(flag string) bool { return c.IsSet(flag) && c.settled[flag].Origin == Default }

// Wrap returns err as one about the value: of kind report.Usage, or
// report.BadInput if the value comes from the configuration.
func (v Value) Wrap(err error) error {
	if v.Origin == FromConfiguration {
		return report.BadInputf("reading %s %q: %w", v.Name, v.Text, err)
	}
	return report.Usagef("reading %s %q: %w", v.Name, v.Text, err)
}

// Path returns the value as the name of a file. On the command line the shell
// expands "~/"; what the environment and the configuration say is expanded
// here.
func (v Value) Path() string { return v.expand(v.Text) }

func (v Value) expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok || v.Origin == FromCommandLine {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}

// Path returns the value of a flag or setting as the name of a file.
func (c *Call) Path(name string) string { return c.Value(name).Path() }

// Paths is Path for a flag that may be repeated.
func (c *Call) Paths(flag string) []string {
	v := c.Value(flag)
	paths := slices.Clone(c.StringSlice(flag))
	for i, path := range paths {
		paths[i] = v.expand(path)
	}
	return paths
}

// NamedPath is Path for a flag that has no meaning without a value: an empty one
// is an error of kind report.Usage.
func (c *Call) NamedPath(flag string) (string, error) {
	v := c.Value(flag)
	if v.Text == "" && c.IsSet(flag) {
		return "", report.Usagef("reading --%s %q: not a valid name of a file", flag, "")
	}
	return v.Path(), nil
}

// Parse returns the value of a flag or setting as parse reads it. An error, that of
// Value.Wrap, goes to failed. Once there is one nothing is read: a caller looks at
// it after a number of values.
func Parse[T any](c *Call, failed *error, name string, parse func(string) (T, error)) (parsed T) {
	return parseValue(c.Value(name), failed, parse)
}

// ParseAll is Parse for each value of a flag that may be repeated.
func ParseAll[T any](c *Call, failed *error, flag string, parse func(string) (T, error)) (all []T) {
	v := c.Value(flag)
	for _, v.Text = range c.StringSlice(flag) {
		all = append(all, parseValue(v, failed, parse))
	}
	return all
}

func parseValue[T any](v Value, failed *error, parse func(string) (T, error)) (parsed T) {
	if *failed != nil {
		return parsed
	}
	parsed, err := parse(v.Text)
	if err != nil {
		*failed = v.Wrap(err)
	}
	return parsed
}

// applySettings takes the secrets out of the environment, and sets every flag
// that the command line leaves alone to its value from the environment or the
// configuration file.
func (c *Call) applySettings() error {
	c.Config, c.settled = &Config{}, make(map[string]Value)
	if len(c.program.Settings) == 0 {
		return nil
	}
	taken := c.hideSecrets()
	section := c.String("user-config-section")
	if section == "" {
		section = os.Getenv("STRATUSLAB_USER_CONFIG_SECTION")
	}
	config, err := loadConfig(c.String("config"), section)
	if err != nil {
		return err
	}
	c.Config = config
	for _, s := range c.program.Settings {
		switch variable, key := os.Getenv(s.Env), config.values[s.Key]; {
		case s.Secret:
			c.settleSecret(s, taken)
		case c.IsSet(s.Flag):
		case variable != "":
			if err := c.settle(s.Flag, Value{variable, FromEnvironment, "the variable " + s.Env}); err != nil {
				return report.Usagef("reading the variable %s=%q: %w", s.Env, variable, err)
			}
		case key != "":
			if err := c.settle(s.Flag, Value{key, FromConfiguration, fmt.Sprintf("%s in %q", s.Key, config.path)}); err != nil {
				return report.BadInputf("reading %q = %q in %q: %w", s.Key, key, config.path, err)
			}
		}
	}
	return c.holdDescriptor()
}

// settle keeps the value, and sets the flag to it if there is one.
func (c *Call) settle(name string, v Value) error {
	for _, f := range c.program.Flags {
		if f.Names()[0] != name {
			continue
		}
		if err := c.Set(name, v.Text); err != nil {
			return fmt.Errorf("setting --%s: %w", name, err)
		}
	}
	c.settled[name] = v
	return nil
}
