package build

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
)

// consoleLines is how much of the console is told of a failed build.
const consoleLines = 40

// tell tells the user how the build has ended. Whoever has mistyped something,
// or keeps a machine to log in to, sits before the screen.
func (r *run) tell(ctx context.Context, failure error) {
	o := r.options
	if o.Tell == nil || o.DryRun || o.NoShutdown && failure == nil {
		return
	}
	var known *fault.Error
	if errors.As(failure, &known) && known.Kind == fault.Usage {
		return
	}
	told := &notify.Report{
		Title: o.Title, Base: o.Base.Name.Text, Started: r.start, Ended: time.Now(),
		Image: r.saved, Endpoint: o.Endpoint,
	}
	if failure != nil {
		cause, _, _ := strings.Cut(failure.Error(), marker)
		told.Failure = &notify.Failure{Phase: r.phase, Cause: cause}
		told.Failure.Console = r.console
	}
	o.Tell(ctx, told)
}
