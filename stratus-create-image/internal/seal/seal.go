// Package seal takes out of a guest what must not be in an image that others
// start: keys, identities, and traces of the machine that it was made on. It
// must not know how the guest came to run, nor what becomes of it.
package seal

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// Plan is what one sealing removes.
type Plan struct {
	Items   []Item
	Exclude []string // more paths, with shell patterns

	limit time.Duration // for each item, path and look; see itemTime
}

// itemTime bounds the removal of one item: a guest in which it never ends must
// not hold the build for ever.
const itemTime = 10 * time.Minute

// NewPlan leaves out the named items and checks the paths to exclude.
func NewPlan(without, exclude []string) (*Plan, error) {
	off := make(map[string]bool)
	for _, name := range without {
		off[name] = true
	}
	p := &Plan{Exclude: exclude, limit: itemTime}
	for _, item := range items {
		if !off[item.Name] {
			p.Items = append(p.Items, item)
		}
		delete(off, item.Name)
	}
	for name := range off {
		return nil, fmt.Errorf("reading what not to seal: %q: allowed are %s", name, strings.Join(Names(), ", "))
	}
	for _, pattern := range exclude {
		if !path.IsAbs(pattern) || path.Clean(pattern) != strings.TrimRight(pattern, "/") || strings.Count(pattern, "/") < 2 && strings.ContainsAny(pattern, "*?[") {
			return nil, fmt.Errorf("reading the path %q to exclude: an absolute path below the root is expected, without %q", pattern, "..")
		}
	}
	return p, nil
}

// Names lists the items in their order.
func Names() []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.Name
	}
	return names
}

// WriteTable writes all items: their names, whether they go unless the user says
// otherwise, and what they are.
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

// Apply seals the guest, but for the build's account: see Account. loginKey is
// the public key, without its comment, that must not be found in it afterwards.
func (p *Plan) Apply(ctx context.Context, g *guest.Guest, loginKey string, say func(format string, args ...any)) error {
	for _, pattern := range p.Exclude {
		say("sealing: removing %q", pattern)
		// With an empty IFS the unquoted variable is matched, but never split.
		command := "set -eu; IFS=; p=" + shell.Quote(pattern) + "; rm -rf -- $p"
		err := p.timed(ctx, func(ctx context.Context) error { return g.Run(ctx, "exclude", command) })
		if err != nil {
			return fmt.Errorf("removing %q: %w", pattern, err)
		}
	}
	for _, item := range p.Items {
		if item.script == "" {
			continue
		}
		say("sealing: removing %s (%s)", item.What, item.Name)
		err := p.timed(ctx, func(ctx context.Context) error {
			_, err := g.Output(ctx, item.Name, "set -eu; "+item.script)
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
