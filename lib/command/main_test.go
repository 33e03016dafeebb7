package command

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/peers"
)

// childVariable makes the test binary run one of childActions as a command, so
// that tests can send real signals to a real process.
const childVariable = "STRATUS_TOOL_TEST_CHILD"

func TestMain(m *testing.M) {
	if action, ok := childActions[os.Getenv(childVariable)]; ok {
		os.Exit(Main(&Program{Name: "child", MaxArgs: 1, Action: action}))
	}
	peers.Contain()
	os.Exit(m.Run())
}

// result is what one in-process run left behind.
type result struct {
	Code     int
	Out, Err string
}

// runCommand runs the command in this process.
func runCommand(t *testing.T, c *Program, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := Run(context.Background(), c, args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return result{Code: code, Out: out.String(), Err: errs.String()}
}

// echo is a command that prints what it understood, one item a line.
func echo() *Program {
	return &Program{
		Name: "echo", Summary: "say it again", Args: "[WORD...]", MaxArgs: 3,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`"},
			&cli.StringSliceFlag{Name: "package", Usage: "add `NAME`"},
		},
		Action: func(c *Call) error {
			lines := append([]string{"output=" + c.String("output")}, c.StringSlice("package")...)
			_, err := io.WriteString(c.Out, strings.Join(append(lines, c.Args().Slice()...), "\n")+"\n")
			return err
		},
	}
}
