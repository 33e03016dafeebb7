package build

import (
	"fmt"
	"time"

	"github.com/stratuslab/stratus/lib/report"
)

// stamped is a log that puts the time since the start of the build before each
// step.
type stamped struct {
	report.Log
	start time.Time
}

func (s stamped) Infof(format string, args ...any) {
	s.Log.Infof("[%6.1fs] %s", time.Since(s.start).Seconds(), fmt.Sprintf(format, args...))
}

// line passes on what a command in the guest prints.
func (r *run) line(label, line string) { r.log.Infof("%s| %s", label, line) }
