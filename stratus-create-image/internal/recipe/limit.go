package recipe

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// ownTime bounds each step that is not the user's: a guest in which it never
// ends must not hold the build for ever.
const ownTime = 10 * time.Minute

// limited runs one step of ours.
func (r *Recipe) limited(ctx context.Context, step func(context.Context) error) error {
	return within(ctx, cmp.Or(r.ownTime, ownTime), "", step)
}

// timed runs one step of the user's, under the recipe's time limit.
func (r *Recipe) timed(ctx context.Context, step func(context.Context) error) error {
	if r.Timeout == 0 {
		return step(ctx)
	}
	return within(ctx, r.Timeout, " (--script-timeout)", step)
}

func within(ctx context.Context, limit time.Duration, option string, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v%s", limit, option))
	defer cancel()
	return step(ctx)
}
