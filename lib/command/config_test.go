package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

// settled is a command whose flags can come from everywhere; it prints them.
func settled() *Program {
	return &Program{
		Name: "t",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "p12-password", Value: "built-in"},
			&cli.IntFlag{Name: "cpu", Value: 1},
			&cli.StringSliceFlag{Name: "package"},
		},
		Settings: append(SettingsFor("p12-password", "cpu"), Setting{Flag: "package", Env: "STRATUSLAB_PKG", Key: "extra_package"}),
		Action: func(c *Call) error {
			packages := strings.Join(c.StringSlice("package"), "|")
			_, err := c.Out.Write([]byte(c.String("p12-password") + " " + c.String("cpu") + packages + "\n"))
			return err
		},
	}
}

// home makes a home directory with the given configuration, or without one.
func home(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	path := filepath.Join(dir, ".stratuslab", "stratuslab-user.cfg")
	if config == "" {
		return path
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	const config = "[default]\np12_password = file\n[other]\nP12_Password = other\n[third]\np12_password = third\n"
	tests := []struct {
		name   string
		config string
		env    map[string]string
		args   []string
		want   string
	}{
		{name: "built in", want: "built-in"},
		{
			name: "a missing default file is fine", env: map[string]string{"STRATUSLAB_P12_PASSWORD": "env"},
			want: "env",
		},
		{name: "the file", config: config, want: "file"},
		{name: "a file of Windows", config: "\ufeff" + strings.ReplaceAll(config, "\n", "\r\n"), want: "file"},
		{
			name: "the environment over the file", config: config,
			env: map[string]string{"STRATUSLAB_P12_PASSWORD": "env"}, want: "env",
		},
		{
			name: "an empty variable says nothing", config: config,
			env: map[string]string{"STRATUSLAB_P12_PASSWORD": ""}, want: "file",
		},
		{
			name: "the command line over everything", config: config,
			env: map[string]string{"STRATUSLAB_P12_PASSWORD": "env"}, args: []string{"--p12-password", "line"},
			want: "line",
		},
		{name: "empty on the command line is said too", config: config, args: []string{"--p12-password", ""}},
		{name: "a section over [default]", config: config, args: []string{"-S", "other"}, want: "other"},
		{
			name: "the section from the environment", config: config,
			env: map[string]string{"STRATUSLAB_USER_CONFIG_SECTION": "other"}, want: "other",
		},
		{
			name: "the section of the command line first", config: config,
			env: map[string]string{"STRATUSLAB_USER_CONFIG_SECTION": "other"}, args: []string{"-S", "third"},
			want: "third",
		},
		{
			name:   "the section that [default] selects",
			config: "[default]\nselected_section = other\n[other]\np12_password = other\n", want: "other",
		},
		{
			name:   "the command line over that",
			config: "[default]\nselected_section=other\n[other]\np12_password=o\n[third]\np12_password=t\n",
			args:   []string{"-S", "third"}, want: "t",
		},
		{
			name: "a section keeps what it does not say", config: "[default]\np12_password = file\n[other]\ncpu = 1\n",
			args: []string{"-S", "other"}, want: "file",
		},
		{name: "a doubled percent sign", config: "[default]\np12_password = 50%%off\n", want: "50%off"},
		{
			name: "number sign, semicolon, quotes", config: "[default]\np12_password = \"a#b ;c' #d\"\n",
			want: "\"a#b ;c' #d\"",
		},
		{
			name: "back quotes and a backslash at the end", config: "[default]\np12_password = a`b`\\\n", want: "a`b`\\",
		},
		{
			name:   "quotes in comments, and two of them",
			config: "# a = `\n; a = \"\"\"\n[default]\np12_password = \"\"a\"\"\n", want: "\"\"a\"\"",
		},
		{name: "a colon and an equals sign", config: "[default]\np12_password: a=b:c\n", want: "a=b:c"},
		{name: "comments and UTF-8", config: "# all\n; of it\n[default]\np12_password = Zoë\n", want: "Zoë"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home(t, tt.config)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			want := result{Code: ExitDone, Out: tt.want + " 1\n"}
			if diff := cmp.Diff(want, runCommand(t, settled(), tt.args...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettingsOfOtherKinds(t *testing.T) {
	home(t, "[default]\ncpu = 4\nextra_package = a,b\n")
	want := result{Code: ExitDone, Out: "built-in 4a,b\n"}
	if diff := cmp.Diff(want, runCommand(t, settled())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigErrors(t *testing.T) {
	tests := []struct {
		name   string
		config string
		env    map[string]string
		args   []string
		code   int
		want   string // part of stderr
	}{
		{
			name: "a missing file that was named", args: []string{"-c", "/nonexistent/cfg"}, code: 3,
			want: "/nonexistent/cfg",
		},
		{name: "a section without a file", args: []string{"-S", "other"}, code: 3, want: "stratuslab-user.cfg"},
		{name: "no [default]", config: "[other]\na = b\n", code: 3, want: "the section [default] is missing"},
		{
			name: "no such section", config: "[default]\na = b\n", args: []string{"-S", "other"}, code: 3,
			want: `there is no section "other"`,
		},
		{
			name: "selected, but not there", config: "[default]\nselected_section = gone\n", code: 3,
			want: `there is no section "gone"`,
		},
		{
			name: "no INI file", config: "[default]\nwhat is this\n", code: 3,
			want: "line 2: not a valid line; want [SECTION] or KEY = VALUE",
		},
		{
			name: "a password without its sign", config: "[default]\np12_password hunter2\n", code: 3,
			want: "line 2: not a valid line",
		},
		{
			name: "a back quote, which would go", config: "[default]\na = b\np12_password = `secret`\n", code: 3,
			want: "line 3: a value may not begin with a back quote",
		},
		{
			name: "three double quotes, which would go", config: "[default]\np12_password:\"\"\"secret", code: 3,
			want: "line 2: a value may not begin with",
		},
		{name: "a bad value in the file", config: "[default]\ncpu = many\n", code: 3, want: `reading "cpu" = "many"`},
		{
			name: "a bad value in the environment", env: map[string]string{"STRATUSLAB_CPU": "many"}, code: 2,
			want: `reading the variable STRATUSLAB_CPU="many"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home(t, tt.config)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			got := runCommand(t, settled(), tt.args...)
			if got.Code != tt.code || got.Out != "" || !strings.Contains(got.Err, tt.want) {
				t.Errorf("got %+v, want code %d and %q", got, tt.code, tt.want)
			}
		})
	}
}
