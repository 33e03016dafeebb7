package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/report"
)

func TestReport(t *testing.T) {
	plain := errors.New("disk on fire")
	tests := []struct {
		name string
		err  error
		want result
	}{
		{name: "plain", err: plain, want: result{Code: 1, Err: "t: disk on fire\n"}},
		{
			name: "bad input", err: report.BadInputf("reading %q: %w", "a", plain),
			want: result{Code: 3, Err: "t: reading \"a\": disk on fire\n"},
		},
		{
			name: "usage", err: report.Usagef("no such thing"),
			want: result{Code: 2, Err: "t: no such thing\nt: hint: \"t --help\" lists the options\n"},
		},
		{
			name: "wrapped by a plain error", err: fmt.Errorf("doing: %w", report.BadInputf("bad")),
			want: result{Code: 3, Err: "t: doing: bad\n"},
		},
		{
			name: "the outermost code counts", err: report.BadInputf("doing: %w", report.Usagef("bad")),
			want: result{Code: 3, Err: "t: doing: bad\n"},
		},
		{
			name: "a hint keeps the code", err: report.WithHint(report.BadInputf("bad"), "try %s", "this"),
			want: result{Code: 3, Err: "t: bad\nt: hint: try this\n"},
		},
		{
			name: "a hint on a plain error", err: report.WithHint(plain, "water"),
			want: result{Code: 1, Err: "t: disk on fire\nt: hint: water\n"},
		},
		{
			name: "hints of the whole chain",
			err:  report.WithHint(fmt.Errorf("outer: %w", report.WithHint(plain, "second")), "first"),
			want: result{Code: 1, Err: "t: outer: disk on fire\nt: hint: first\nt: hint: second\n"},
		},
		{
			name: "joined", err: errors.Join(report.BadInputf("one"), errors.New("two")),
			want: result{Code: 3, Err: "t: one\nt: two\n"},
		},
		{
			name: "what would drive the terminal", err: errors.New("guest says \x1b[2J\ttwice"),
			want: result{Code: 1, Err: "t: guest says \uFFFD[2J\ttwice\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runCommand(t, &Program{Name: "t", Action: func(*Call) error { return tt.err }})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// urfave/cli ends the process for every error with an ExitCode method, which
// *exec.ExitError has.
func TestChildsExitCodeIsNotOurs(t *testing.T) {
	cleaned := false
	got := runCommand(t, &Program{Name: "t", Action: func(c *Call) error {
		defer func() { cleaned = true }()
		return exec.CommandContext(c.Ctx, "sh", "-c", "exit 42").Run()
	}})
	if want := (result{Code: ExitFailed, Err: "t: exit status 42\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !cleaned {
		t.Error("the deferred clean-up did not run")
	}
}

func TestReportInterrupted(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"the context's error", context.Canceled, "t: interrupted\n"},
		{"the cause", interrupt{signal: 2}, "t: interrupted\n"},
		{"what was being done", fmt.Errorf("reading: %w", context.Canceled), "t: interrupted: reading: context canceled\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			cancel(interrupt{signal: 2})
			var b strings.Builder
			if code := printError(ctx, &b, "t", tt.err); code != 130 || b.String() != tt.want {
				t.Errorf("got %d %q, want 130 %q", code, b.String(), tt.want)
			}
		})
	}
}
