// Command image-cache lists, checks and removes what builds left in the user's cache:
// images that were downloaded, and snapshots of machines. It must not know how they are
// made.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
)

func main() { os.Exit(command.Main(program())) }

func program() *command.Program {
	return &command.Program{
		Name:     "image-cache",
		Summary:  "list, check and remove the images and snapshots that builds keep",
		Args:     "list|prune|verify",
		MinArgs:  1,
		MaxArgs:  1,
		Flags:    command.InCategory("Options", &cli.StringFlag{Name: "to", Value: "20G", Usage: "let prune leave at most `SIZE`, such as 5G, or 0"}),
		Settings: []command.Setting{{Flag: "to", Env: "STRATUSLAB_CACHE_SIZE", Key: "cache_size"}},
		Examples: []string{
			"image-cache list",
			"image-cache --to 5G prune",
			"image-cache verify",
		},
		Action: run,
	}
}

func run(c *command.Call) error {
	act, ok := map[string]func(*command.Call, cache.Dirs) error{"list": list, "prune": prune, "verify": verify}[c.Args().First()]
	if !ok {
		return report.Usagef("reading %q: not supported; want list, prune or verify", c.Args().First())
	}
	dir, err := cache.UserDir()
	if err != nil {
		return fmt.Errorf("finding the user's cache: %w", err)
	}
	return act(c, cache.In(dir))
}

// list prints the entries, the last used first.
func list(c *command.Call, dirs cache.Dirs) error {
	entries, err := dirs.List()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "USED\tSIZE\tKIND\tPATH") // Flush returns the error
	for _, e := range entries {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Used.UTC().Format(time.RFC3339), report.FormatBytes(e.Bytes), e.Kind, e.Path)
	}
	_, _ = fmt.Fprintf(w, "\t%s\ttogether\t\n", report.FormatBytes(cache.Size(entries)))
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// prune removes entries, and prints their paths.
func prune(c *command.Call, dirs cache.Dirs) (err error) {
	limit := command.Parse(c, &err, "to", parseLimit)
	if err != nil {
		return err
	}
	if err := cache.Sweep(dirs.Snapshots); err != nil {
		return err
	}
	removed, err := dirs.Prune(limit, time.Now())
	for _, e := range removed {
		if _, err := fmt.Fprintln(c.Out, e.Path); err != nil {
			return fmt.Errorf("writing to standard output: %w", err)
		}
	}
	return err
}

func parseLimit(text string) (int64, error) {
	if text == "0" {
		return 0, nil
	}
	return report.ParseBytes(text)
}

// verify reads all entries, and prints the paths of those that are damaged.
func verify(c *command.Call, dirs cache.Dirs) error {
	entries, err := dirs.List()
	if err != nil {
		return err
	}
	damaged := 0
	for _, e := range entries {
		err := e.Verify(c.Ctx)
		switch {
		case errors.Is(err, cache.ErrDamaged):
			damaged++
			c.Log.Warnf("%s %q: %v", e.Kind, e.Path, err)
			if _, err := fmt.Fprintln(c.Out, e.Path); err != nil {
				return fmt.Errorf("writing to standard output: %w", err)
			}
		case errors.Is(err, cache.ErrInUse):
			c.Log.Infof("%s %q: %v", e.Kind, e.Path, err)
		case err != nil && !errors.Is(err, fs.ErrNotExist): // not removed meanwhile
			return fmt.Errorf("reading the %s %q: %w", e.Kind, e.Path, err)
		}
	}
	if damaged > 0 {
		return report.WithHint(report.BadInputf("checking the cache: %d of %d are damaged", damaged, len(entries)), "remove them: later builds make them anew")
	}
	return nil
}
