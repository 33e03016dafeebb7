// Package command is what the stratus commands have in common as programs: the
// command line, the environment and the user's configuration file with the
// values and secrets that they hold, the flags that several commands share,
// streams, signals, exit codes, messages, progress and output files. It must not
// know what any command is for, nor anything of metadata or images, nor how a
// host is reached or a certificate opened.
package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/report"
)

// version can be set when linking:
// -ldflags "-X github.com/stratuslab/stratus/lib/command.version=1.2.3".
var version string

// Streams are the three standard streams. Only the product of a command goes
// to Out; what people read goes to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Program describes one program.
type Program struct {
	Name    string // as typed, such as "stratus-build-metadata"
	Summary string // one line, no full stop
	Args    string // the positional arguments as the help shows them, such as "IMAGE"
	MinArgs int
	MaxArgs int
	// Alone are the switches that ask for something without any arguments.
	Alone []string
	Flags []cli.Flag
	// Settings are what the environment and the user's configuration file may
	// set: most stand for a flag. The secrets among them are taken out of the
	// environment before Action.
	Settings []Setting
	Examples []string
	Action   func(*Call) error
}

// Call is one run of a command: its flags and arguments, what it reads and
// writes, and the context that SIGINT and SIGTERM end.
type Call struct {
	*cli.Context // flags and arguments; its own Context field is Ctx
	Ctx          context.Context
	Streams
	Log    *Log
	Config *Config // the user's configuration, empty for commands without Settings

	program *Program
	settled map[string]Value  // by the name of the setting, those of the environment or the configuration
	secrets map[string]secret // by the name of the setting
}

// Main runs the command on this process's arguments and streams, and returns
// the exit code.
func Main(c *Program) int {
	ctx, stop := withSignals(context.Background(), os.Stderr, c.Name)
	defer stop()
	return Run(ctx, c, os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// Run runs the command on the arguments, which do not hold its name, and
// returns the exit code.
func Run(ctx context.Context, c *Program, args []string, s Streams) int {
	err := run(ctx, c, args, s)
	if err == nil {
		return ExitDone
	}
	return printError(ctx, s.Err, c.Name, err)
}

// run stands between the command and the traps of urfave/cli: usage on stdout,
// its own exit and help, comma-split and trimmed lists, a help command that
// shadows an argument, and options after the arguments, which it would silently
// take for arguments.
func run(ctx context.Context, c *Program, args []string, s Streams) error {
	var parsed *cli.Context
	var help bool
	app := &cli.App{
		Name:                      c.Name,
		Flags:                     append(slices.Clone(c.Flags), commonFlags(c, &help)...),
		HideHelp:                  true,
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Writer:                    io.Discard, // only its own help would go there
		ErrWriter:                 s.Err,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return &report.Error{Kind: report.Usage, Err: plainUsage(err)}
		},
		Action: func(cc *cli.Context) error { parsed = cc; return nil },
	}
	for _, f := range app.Flags {
		if list, ok := f.(*cli.StringSliceFlag); ok {
			list.KeepSpace = true
		}
	}
	err := app.RunContext(ctx, append([]string{c.Name}, args...))
	switch {
	case help: // the library has shown its own page, and may have taken an argument for a topic
		return writeHelp(s.Out, c, app.Flags)
	case err != nil:
		return err
	case parsed.Bool("version"):
		_, err := fmt.Fprintln(s.Out, c.Name, Version())
		return err
	}
	if err := checkArguments(c.without(parsed), args, parsed.Args().Slice()); err != nil {
		return err
	}
	call := &Call{Context: parsed, Ctx: ctx, Streams: s, Log: newLog(s.Err, c.Name, parsed), program: c}
	if err := call.applySettings(); err != nil {
		return err
	}
	return c.Action(call)
}

var (
	unknownFlag = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	flagNeeds   = regexp.MustCompile(`^flag needs an argument: -+(.*)$`)
	badValue    = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-+([^ :]+): (?:parse error|strconv.*)$`)
)

// plainUsage puts what the library says of options into our words.
func plainUsage(err error) error {
	text := err.Error()
	if found := unknownFlag.FindStringSubmatch(text); found != nil {
		return fmt.Errorf("unknown option %q", dashed(found[1]))
	}
	if found := flagNeeds.FindStringSubmatch(text); found != nil {
		return fmt.Errorf("option %q needs a value", dashed(found[1]))
	}
	if found := badValue.FindStringSubmatch(text); found != nil {
		return fmt.Errorf("reading %s %s: not a valid value", dashed(found[2]), found[1])
	}
	return err
}

// dashed returns an option as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func commonFlags(c *Program, help *bool) []cli.Flag {
	var flags []cli.Flag
	if len(c.Settings) > 0 {
		flags = append(flags,
			&cli.StringFlag{Name: "config", Aliases: []string{"c"}, Usage: "read user settings from `FILE` (default: ~/.stratuslab/stratuslab-user.cfg)"},
			&cli.StringFlag{Name: "user-config-section", Aliases: []string{"S"}, Usage: "overlay the settings of `SECTION` on [default]"})
	}
	return InCategory("General", append(flags,
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print warnings and errors only"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print more messages"},
		&cli.BoolFlag{Name: "version", Usage: "print the version"},
		&cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "print this help", Destination: help})...)
}

// without is the command as it is with the switches that are set.
func (c *Program) without(parsed *cli.Context) *Program {
	if !slices.ContainsFunc(c.Alone, parsed.Bool) {
		return c
	}
	alone := *c
	alone.MinArgs, alone.MaxArgs, alone.Args = 0, 0, ""
	return &alone
}

// checkArguments counts the positional arguments and refuses options that
// stand after the first one, unless "--" ended the options before it.
func checkArguments(c *Program, args, positional []string) error {
	before := args[:len(args)-len(positional)]
	ended := len(before) > 0 && before[len(before)-1] == "--"
	if !ended && len(positional) > 0 {
		for _, arg := range positional[1:] {
			if arg == "--" {
				break
			}
			if strings.HasPrefix(arg, "-") && arg != "-" {
				name, _, _ := strings.Cut(arg, "=") // the value may be a secret
				return report.WithHint(report.Usagef("option %q stands after %q", name, positional[0]),
					"options go first: %s [options] %s", c.Name, c.Args)
			}
		}
	}
	switch n := len(positional); {
	case n < c.MinArgs:
		return report.Usagef("an argument is missing: %s [options] %s", c.Name, c.Args)
	case n > c.MaxArgs:
		return report.Usagef("too many arguments: %q comes after what %q takes", positional[c.MaxArgs], strings.TrimSpace(c.Name+" [options] "+c.Args))
	}
	return nil
}

// Version is the version set when linking, else the module's, else its commit.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && strings.Contains(info.Main.Version, "devel") {
			return "devel-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}
