package command

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

func TestHelpPage(t *testing.T) {
	c := &Program{
		Name: "t", Summary: "try things", Args: "IMAGE",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`", Category: "Output"},
			&cli.StringFlag{
				Name: "bus", Value: "virtio", Category: "Output",
				Usage: "a disk `BUS` for this machine and all the others, as long as they last (ide, scsi or virtio)",
			},
			&cli.IntFlag{Name: "cpu", Value: 2, Usage: "processors", Category: "Machine"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace", Category: "Machine"},
		},
		Settings: SettingsFor("cpu"),
		Examples: []string{"t disk.img"},
	}
	const want = `t - try things

Usage: t [options] IMAGE

Output:
  -o, --output FILE
        write to FILE
  --bus BUS
        a disk BUS for this machine and all the others, as long as they last
        (ide, scsi or virtio) (default: virtio)

Machine:
  --cpu VALUE
        processors (default: 2) [STRATUSLAB_CPU]
  -f, --force
        replace

General:
  -c, --config FILE
        read user settings from FILE (default:
        ~/.stratuslab/stratuslab-user.cfg)
  -S, --user-config-section SECTION
        overlay the settings of SECTION on [default]
  -q, --quiet
        print warnings and errors only
  -v, --verbose
        print more messages
  --version
        print the version
  -h, --help
        print this help

Examples:
  t disk.img

` + exitCodesHelp
	if diff := cmp.Diff(result{Code: ExitDone, Out: want}, runCommand(t, c, "--help")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLog(t *testing.T) {
	action := func(c *Call) error {
		c.Log.Infof("info\nof two lines")
		c.Log.Verbosef("verbose")
		c.Log.Warnf("%s", "\x1b]0;title\x07 \u009b1m")
		return nil
	}
	const warning = "t: warning: \uFFFD]0;title\uFFFD \uFFFD1m\n"
	tests := []struct {
		args []string
		want string
	}{
		{nil, "t: info\nt: of two lines\n" + warning},
		{[]string{"-q"}, warning},
		{[]string{"-v"}, "t: info\nt: of two lines\nt: verbose\n" + warning},
	}
	for _, tt := range tests {
		want := result{Code: ExitDone, Err: tt.want}
		if diff := cmp.Diff(want, runCommand(t, &Program{Name: "t", Action: action}, tt.args...)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.args, diff)
		}
	}
}
