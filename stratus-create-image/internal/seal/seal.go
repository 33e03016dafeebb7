// Package seal removes from a guest what must not be in an image that others
// start: keys, identities, and traces of the machine that it was made on. It
// must not know how the guest came to run, nor what becomes of it.
package seal

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Plan is what one sealing removes.
type Plan struct {
	Items   []Item
	Exclude []Path

	limit time.Duration // for each item, path and search
}

// Path is an absolute path below the root of the guest, with shell patterns.
type Path string

// itemTime bounds each step: a guest in which one never ends must not hold the
// build for ever.
const itemTime = 10 * time.Minute

// ParseItem returns the item of that name.
func ParseItem(name string) (Item, error) {
	i := slices.Index(Names(), name)
	if i < 0 {
		return Item{}, fmt.Errorf("this item is not supported; want %s", strings.Join(Names(), ", "))
	}
	return items[i], nil
}

// ParsePath checks a path to remove.
func ParsePath(text string) (Path, error) {
	if !path.IsAbs(text) || path.Clean(text) != strings.TrimRight(text, "/") || strings.Count(text, "/") < 2 && strings.ContainsAny(text, "*?[") {
		return "", fmt.Errorf("not a valid path; want an absolute path below the root, without %q", "..")
	}
	return Path(text), nil
}

// NewPlan returns a plan that removes the excluded paths, and all items but
// those in without.
func NewPlan(without []Item, exclude []Path) *Plan {
	p := &Plan{Items: slices.Clone(items), Exclude: exclude, limit: itemTime}
	p.Items = slices.DeleteFunc(p.Items, func(i Item) bool { return slices.Contains(without, i) })
	return p
}

// Describe calls step with a description of each removal.
func (p *Plan) Describe(step func(name, format string, args ...any)) {
	for _, pattern := range p.Exclude {
		step("seal", "remove %s", pattern)
	}
	for _, item := range p.Items {
		step("seal", "%s: remove %s", item.Name, item.What)
	}
}

// Names returns the names of the items in their order.
func Names() []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Name
	}
	return names
}

// WriteTable writes all items: their names, whether they are removed by default,
// and what they are.
func WriteTable(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%-16s %-8s %s\n", "ITEM", "DEFAULT", "REMOVES"); err != nil {
		return err
	}
	for _, item := range items {
		if _, err := fmt.Fprintf(w, "%-16s %-8s %s\n", item.Name, "on", item.What); err != nil {
			return err
		}
	}
	return nil
}

// Apply removes everything from the guest but the build's account: see Account.
// It fails if loginKey, a public key without its comment, is still found in the
// guest afterwards.
func (p *Plan) Apply(ctx context.Context, g *guest.Guest, loginKey string, say func(format string, args ...any)) error {
	for _, pattern := range p.Exclude {
		say("sealing: removing %q", pattern)
		// With an empty IFS the unquoted variable is expanded, but not split.
		command := "set -eu; IFS=; p=" + shell.Quote(string(pattern)) + "; rm -rf -- $p"
		err := p.timed(ctx, func(ctx context.Context) error { return g.Run(ctx, "exclude", command) })
		if err != nil {
			return fmt.Errorf("removing %q: %w", pattern, err)
		}
	}
	for _, item := range p.Items {
		script := item.script()
		if script == "" {
			continue
		}
		say("sealing: removing %s (%s)", item.What, item.Name)
		err := p.timed(ctx, func(ctx context.Context) error {
			_, err := g.Output(ctx, item.Name, "set -eu; "+script)
			return err
		})
		if err != nil {
			return fmt.Errorf("removing %s: %w", item.What, err)
		}
		if item.Name != "ssh-keys" {
			continue
		}
		if err := p.timed(ctx, func(ctx context.Context) error { return checkKeyGone(ctx, g, loginKey) }); err != nil {
			return err
		}
	}
	return nil
}

// timed runs one step under the plan's time limit.
func (p *Plan) timed(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.limit, fmt.Errorf("it took longer than %v", p.limit))
	defer cancel()
	return step(ctx)
}

// checkKeyGone looks for the build key where keys, settings and logs are.
func checkKeyGone(ctx context.Context, g *guest.Guest, loginKey string) error {
	fields := strings.Fields(loginKey)
	if len(fields) < 2 {
		return fmt.Errorf("looking for the build key: it has an unknown form")
	}
	command := homes + "set -- /root /home /etc /var/lib/cloud /var/log /tmp /var/tmp\n" +
		`for h in $homes; do set -- "$@" "$h/.ssh"; done` + "\n" +
		"grep -rlsF -e " + shell.Quote(fields[1]) + ` "$@" | sort -u`
	found, err := g.Output(ctx, "looking for the build key", command)
	if err != nil {
		return err
	}
	if found != "" {
		return fmt.Errorf("looking for the build key: it is still in %q", strings.Split(strings.TrimSpace(found), "\n"))
	}
	return nil
}
