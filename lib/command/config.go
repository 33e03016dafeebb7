package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/stratuslab/stratus/lib/report"
)

// Config is the user's configuration file: [default], with one more section
// laid over it.
type Config struct {
	path   string
	file   *ini.File
	values map[string]string
}

// Section returns a whole section, such as "instance_types", as name and value.
func (c *Config) Section(name string) map[string]string {
	if c.file == nil || !c.file.HasSection(name) {
		return nil
	}
	return sectionValues(c.file.Section(name))
}

// loadConfig reads the file. A missing default file is an empty configuration.
func loadConfig(path, section string) (*Config, error) {
	explicit := path != ""
	if !explicit {
		home, err := os.UserHomeDir()
		if err != nil {
			return &Config{}, nil //nolint:nilerr // no home, no settings
		}
		path = filepath.Join(home, ".stratuslab", "stratuslab-user.cfg")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !explicit && section == "" {
		return &Config{path: path}, nil
	}
	if err != nil {
		return nil, report.BadInputf("reading the configuration: %w", err)
	}
	if err := checkLines(data); err != nil {
		return nil, report.BadInputf("reading the configuration %q: %w", path, err)
	}
	// Inline comments and quotes would cut passwords; a dot in a section's
	// name means nothing.
	file, err := ini.LoadSources(ini.LoadOptions{
		IgnoreInlineComment: true, IgnoreContinuation: true, PreserveSurroundedQuote: true, ChildSectionDelimiter: "\x00",
	}, data)
	if err != nil { // the library quotes lines, in which there may be a password
		return nil, report.BadInputf("reading the configuration %q: not a valid configuration", path)
	}
	c := &Config{path: path, file: file}
	return c, c.selectSection(section)
}

// checkLines refuses lines that are neither a section nor a key and its value,
// and values that begin with the two kinds of quotes that the library takes
// away whatever its options say: a password must not silently become another
// one. It quotes nothing, as any line may hold one.
func checkLines(data []byte) error {
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsAny(line[:1], "#;[") {
			continue
		}
		i := strings.IndexAny(line, "=:")
		if i <= 0 {
			return fmt.Errorf("line %d: not a valid line; want [SECTION] or KEY = VALUE", number)
		}
		value := strings.TrimSpace(line[i+1:])
		if strings.HasPrefix(value, "`") || strings.HasPrefix(value, `"""`) {
			return fmt.Errorf("line %d: a value may not begin with a back quote or with three double quotes", number)
		}
	}
	return nil
}

// selectSection lays the chosen section, or the one that [default] names, over
// [default].
func (c *Config) selectSection(section string) error {
	if !c.file.HasSection("default") {
		return report.BadInputf("reading the configuration %q: the section [default] is missing", c.path)
	}
	c.values = sectionValues(c.file.Section("default"))
	if section == "" {
		section = c.values["selected_section"]
	}
	if section == "" || section == "default" {
		return nil
	}
	if !c.file.HasSection(section) {
		return report.BadInputf("reading the configuration %q: there is no section %q", c.path, section)
	}
	for key, value := range sectionValues(c.file.Section(section)) {
		c.values[key] = value
	}
	return nil
}

// sectionValues undoes the doubling of "%" that the original files need.
func sectionValues(s *ini.Section) map[string]string {
	values := make(map[string]string)
	for _, key := range s.Keys() {
		values[strings.ToLower(key.Name())] = strings.ReplaceAll(key.Value(), "%%", "%")
	}
	return values
}
