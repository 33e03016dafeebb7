package command

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

func TestArguments(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "output=\n"},
		{"an option before an argument", []string{"-o", "x", "a"}, "output=x\na\n"},
		{"a file called help", []string{"help"}, "output=\nhelp\n"},
		{"a file called h", []string{"h"}, "output=\nh\n"},
		{"a file called like a given option", []string{"-o", "x", "output"}, "output=x\noutput\n"},
		{"a dash is an argument", []string{"-", "a", "-"}, "output=\n-\na\n-\n"},
		{"two dashes end the options", []string{"-o", "x", "--", "a", "-o"}, "output=x\na\n-o\n"},
		{"two dashes before a help", []string{"--", "--help"}, "output=\n--help\n"},
		{"a comma does not split a list", []string{"--package", "a,b", "--package", "c"}, "output=\na,b\nc\n"},
		{"an empty value", []string{"--output=", "a"}, "output=\na\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := result{Code: ExitDone, Out: tt.want}
			if diff := cmp.Diff(want, runCommand(t, echo(), tt.args...)); diff != "" {
				t.Errorf("echo %q (-want +got):\n%s", tt.args, diff)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string // the first line on stderr
	}{
		{name: "unknown option", args: []string{"--bogus"}, want: `echo: unknown option "--bogus"`},
		{name: "option without its value", args: []string{"-o"}, want: `echo: option "-o" needs a value`},
		{
			name: "option after an argument", args: []string{"a", "-o", "x"}, want: `echo: option "-o" stands after "a"`,
		},
		{
			name: "help after an argument", args: []string{"a", "--help"},
			want: `echo: option "--help" stands after "a"`,
		},
		{
			name: "option after two arguments", args: []string{"a", "b", "-q"},
			want: `echo: option "-q" stands after "a"`,
		},
		{
			name: "too many arguments", args: []string{"a", "b", "c", "d"},
			want: `echo: too many arguments: "d" comes after what "echo [options] [WORD...]" takes`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runCommand(t, echo(), tt.args...)
			first, rest, _ := strings.Cut(got.Err, "\n")
			if got.Code != ExitUsage || got.Out != "" || first != tt.want {
				t.Errorf("echo %q: %+v\nwant code 2, nothing on stdout and %q", tt.args, got, tt.want)
			}
			if want := `echo: hint: "echo --help" lists the options`; !strings.Contains(rest, want) {
				t.Errorf("echo %q: stderr %q, want the hint %q", tt.args, got.Err, want)
			}
		})
	}
}

func TestMissingArgument(t *testing.T) {
	c := echo()
	c.MinArgs = 1
	got := runCommand(t, c, "-o", "x")
	want := result{Code: ExitUsage, Err: "echo: an argument is missing: echo [options] [WORD...]\n" +
		"echo: hint: \"echo --help\" lists the options\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAlone(t *testing.T) {
	list := &cli.BoolFlag{Name: "list"}
	c := &Program{
		Name: "show", Args: "IMAGE", MinArgs: 1, MaxArgs: 1, Alone: []string{"list"}, Flags: []cli.Flag{list},
		Action: func(c *Call) error { _, err := c.Out.Write([]byte(c.Args().First() + ".")); return err },
	}
	const hint = "\nshow: hint: \"show --help\" lists the options\n"
	for _, test := range []struct {
		name string
		args []string
		want result
	}{
		{name: "the option alone", args: []string{"--list"}, want: result{Out: "."}},
		{name: "the argument alone", args: []string{"a"}, want: result{Out: "a."}},
		{
			name: "neither",
			want: result{Code: ExitUsage, Err: "show: an argument is missing: show [options] IMAGE" + hint},
		},
		{
			name: "both", args: []string{"--list", "a"},
			want: result{
				Code: ExitUsage, Err: `show: too many arguments: "a" comes after what "show [options]" takes` + hint,
			},
		},
		{
			name: "the option is false", args: []string{"--list=false"},
			want: result{Code: ExitUsage, Err: "show: an argument is missing: show [options] IMAGE" + hint},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, runCommand(t, c, test.args...)); diff != "" {
				t.Errorf("show %q (-want +got):\n%s", test.args, diff)
			}
		})
	}
}

func TestHelpAndVersionGoToStdout(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"-h"}, {"-o", "x", "-h"}, {"-h", "a"}, {"--help", "help", "h"}} {
		got := runCommand(t, echo(), args...)
		if got.Code != ExitDone || got.Err != "" || !strings.Contains(got.Out, "Usage: echo [options] [WORD...]\n") {
			t.Errorf("echo %q: %+v, want the help on stdout alone", args, got)
		}
	}
	want := result{Code: ExitDone, Out: "echo " + Version() + "\n"}
	if diff := cmp.Diff(want, runCommand(t, echo(), "--version")); diff != "" {
		t.Errorf("echo --version (-want +got):\n%s", diff)
	}
	if Version() == "" {
		t.Error("Version() is empty")
	}
}

func TestTyped(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("STRATUSLAB_AUTHOR", "from the environment")
	tests := []struct {
		args []string
		want bool
	}{
		{nil, false},
		{[]string{"--author", "typed"}, true},
		{[]string{"--author", ""}, true},
		{[]string{"-a", "typed"}, true},
	}
	for _, tt := range tests {
		var got, set bool
		c := &Program{
			Name: "who", Flags: []cli.Flag{&cli.StringFlag{Name: "author", Aliases: []string{"a"}}}, Settings: SettingsFor("author"),
			Action: func(c *Call) error { got, set = c.Typed("author"), c.IsSet("author"); return nil },
		}
		if r := runCommand(t, c, tt.args...); r.Code != ExitDone {
			t.Fatalf("%q: %+v", tt.args, r)
		}
		if got != tt.want || !set {
			t.Errorf("%q: Typed %v, want %v; IsSet %v, want true", tt.args, got, tt.want, set)
		}
	}
}
