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
			_, err := c.Out.Write([]byte(c.String("p12-password") + " " + c.String("cpu") + strings.Join(c.StringSlice("package"), "|") + "\n"))
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
		{"built in", "", nil, nil, "built-in"},
		{"a missing default file is fine", "", map[string]string{"STRATUSLAB_P12_PASSWORD": "env"}, nil, "env"},
		{"the file", config, nil, nil, "file"},
		{"a file of Windows", "\ufeff" + strings.ReplaceAll(config, "\n", "\r\n"), nil, nil, "file"},
		{"the environment over the file", config, map[string]string{"STRATUSLAB_P12_PASSWORD": "env"}, nil, "env"},
		{"an empty variable says nothing", config, map[string]string{"STRATUSLAB_P12_PASSWORD": ""}, nil, "file"},
		{"the command line over everything", config, map[string]string{"STRATUSLAB_P12_PASSWORD": "env"}, []string{"--p12-password", "line"}, "line"},
		{"empty on the command line is said too", config, nil, []string{"--p12-password", ""}, ""},
		{"a section over [default]", config, nil, []string{"-S", "other"}, "other"},
		{"the section from the environment", config, map[string]string{"STRATUSLAB_USER_CONFIG_SECTION": "other"}, nil, "other"},
		{"the section of the command line first", config, map[string]string{"STRATUSLAB_USER_CONFIG_SECTION": "other"}, []string{"-S", "third"}, "third"},
		{"the section that [default] selects", "[default]\nselected_section = other\n[other]\np12_password = other\n", nil, nil, "other"},
		{"the command line over that", "[default]\nselected_section=other\n[other]\np12_password=o\n[third]\np12_password=t\n", nil, []string{"-S", "third"}, "t"},
		{"a section keeps what it does not say", "[default]\np12_password = file\n[other]\ncpu = 1\n", nil, []string{"-S", "other"}, "file"},
		{"a doubled percent sign", "[default]\np12_password = 50%%off\n", nil, nil, "50%off"},
		{"number sign, semicolon, quotes", "[default]\np12_password = \"a#b ;c' #d\"\n", nil, nil, "\"a#b ;c' #d\""},
		{"back quotes and a backslash at the end", "[default]\np12_password = a`b`\\\n", nil, nil, "a`b`\\"},
		{"quotes in comments, and two of them", "# a = `\n; a = \"\"\"\n[default]\np12_password = \"\"a\"\"\n", nil, nil, "\"\"a\"\""},
		{"a colon and an equals sign", "[default]\np12_password: a=b:c\n", nil, nil, "a=b:c"},
		{"comments and UTF-8", "# all\n; of it\n[default]\np12_password = Zoë\n", nil, nil, "Zoë"},
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
		{"a missing file that was named", "", nil, []string{"-c", "/nonexistent/cfg"}, 3, "/nonexistent/cfg"},
		{"a section without a file", "", nil, []string{"-S", "other"}, 3, "stratuslab-user.cfg"},
		{"no [default]", "[other]\na = b\n", nil, nil, 3, "the section [default] is missing"},
		{"no such section", "[default]\na = b\n", nil, []string{"-S", "other"}, 3, `there is no section "other"`},
		{"selected, but not there", "[default]\nselected_section = gone\n", nil, nil, 3, `there is no section "gone"`},
		{"no INI file", "[default]\nwhat is this\n", nil, nil, 3, "line 2: not a valid line; want [SECTION] or KEY = VALUE"},
		{"a password without its sign", "[default]\np12_password hunter2\n", nil, nil, 3, "line 2: not a valid line"},
		{"too large", "[default]\n" + strings.Repeat("# 0123456789\n", maxConfig/12), nil, nil, 3, "bytes, at most 1048576"},
		{"a back quote, which would go", "[default]\na = b\np12_password = `secret`\n", nil, nil, 3, "line 3: a value may not begin with a back quote"},
		{"three double quotes, which would go", "[default]\np12_password:\"\"\"secret", nil, nil, 3, "line 2: a value may not begin with"},
		{"a bad value in the file", "[default]\ncpu = many\n", nil, nil, 3, `reading "cpu" = "many"`},
		{"a bad value in the environment", "", map[string]string{"STRATUSLAB_CPU": "many"}, nil, 2, `reading the variable STRATUSLAB_CPU="many"`},
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

func TestConfigSection(t *testing.T) {
	path := home(t, "[default]\n[instance_types]\nBig.One = 8, 16, 0\nodd%%name = 1, 2, 3\n")
	var types, none map[string]string
	var got string
	c := settled()
	c.Action = func(c *Call) error {
		types, none, got = c.Config.Section("instance_types"), c.Config.Section("none"), c.Config.path
		return nil
	}
	if r := runCommand(t, c); r.Code != ExitDone {
		t.Fatalf("%+v", r)
	}
	if diff := cmp.Diff(map[string]string{"big.one": "8, 16, 0", "odd%%name": "1, 2, 3"}, types); diff != "" {
		t.Errorf("instance_types (-want +got):\n%s", diff)
	}
	if none != nil || got != path {
		t.Errorf("no such section: %v; path %q, want %q", none, got, path)
	}
}

func TestConfigValue(t *testing.T) {
	home(t, "[default]\nP12_Password = 50%%\nblank =\n[other]\nmore = 1\n")
	type answer struct {
		Value string
		OK    bool
	}
	got := make(map[string]answer)
	c := settled()
	c.Action = func(c *Call) error {
		for _, key := range []string{"p12_password", "blank", "more", "none"} {
			value, ok := c.Config.values[key]
			got[key] = answer{value, ok}
		}
		return nil
	}
	if r := runCommand(t, c, "-S", "other"); r.Code != ExitDone {
		t.Fatalf("%+v", r)
	}
	want := map[string]answer{"p12_password": {"50%", true}, "blank": {"", true}, "more": {"1", true}, "none": {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPath(t *testing.T) {
	dir := filepath.Dir(filepath.Dir(home(t, "[default]\np12_password = ~/secret\n")))
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, filepath.Join(dir, "secret")},
		{[]string{"--p12-password", "~/as typed"}, "~/as typed"},
		{[]string{"--p12-password", "plain"}, "plain"},
	} {
		c := settled()
		c.Action = func(call *Call) error {
			if got := call.Path("p12-password"); got != test.want {
				t.Errorf("%q: %q, want %q", test.args, got, test.want)
			}
			return nil
		}
		var out strings.Builder
		if code := Run(t.Context(), c, test.args, Streams{In: strings.NewReader(""), Out: &out, Err: &out}); code != 0 {
			t.Errorf("%q: exit code %d: %s", test.args, code, out.String())
		}
	}
}
