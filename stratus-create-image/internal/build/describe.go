package build

import (
	"context"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// noDir stands for the work directory, which Describe does not make.
const noDir = "/WORKDIR"

// Describe returns the plan: what Run would do, and with which machine. The base
// is found and, where it is on this host, read; nothing is downloaded or written.
func Describe(ctx context.Context, q *Request) ([]byte, error) {
	r := &run{Request: q, log: q.Log}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	var err error
	if r.found, err = q.Base.Find(ctx, q.Log); err != nil {
		return nil, err
	}
	preview, err := r.found.Preview(ctx, noDir)
	if err != nil {
		return nil, err
	}
	from := engine.Base{Path: preview.Path, Format: preview.Format, Bus: preview.DisksBus, Absent: preview.Absent}
	machine, err := q.Engine.Describe(ctx, r.spec(noDir, from))
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	step := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-8s %s\n", name, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
	for _, s := range preview.Steps {
		step(s.Title, "%s", s.Text)
	}
	step(machine[0].Name, "%s", machine[0].Text)
	r.describeContext(step)
	q.Recipe.Describe(step)
	switch {
	case q.KeepRunning:
		step("keep", "leave the machine running")
	case q.Target != nil:
		q.Seal.Describe(step)
		step("save", "%s (%s)", q.Target.Path, q.Target.Form())
	default:
		q.Seal.Describe(step)
		step("save", "nothing")
	}
	for _, line := range machine[1:] {
		step(line.Name, "%s", line.Text)
	}
	return []byte(b.String()), nil
}

func (r *run) describeContext(step func(name, format string, args ...any)) {
	for _, disk := range r.disks {
		names := make([]string, len(disk.Files))
		for i, f := range disk.Files {
			names[i] = f.Path
		}
		step("context", "the disk %s with %s", disk.Label, strings.Join(names, ", "))
	}
	for _, note := range r.notes {
		step("context", "%s", report.Printable(note))
	}
}
