package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/cache"
	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
)

// reuseFlags are the flags of readReuse.
func reuseFlags() []cli.Flag {
	return command.InCategory("Earlier builds",
		&cli.BoolFlag{Name: "no-warm", Usage: "start the machine anew, and keep nothing of it for later builds"},
		&cli.BoolFlag{Name: "refresh", Usage: "take nothing from earlier builds, but keep the machine for later ones"},
		&cli.BoolFlag{Name: "if-changed", Usage: "build nothing if the output and its description (--metadata) are those of an earlier build from the same base, recipe, package lists and options"},
		&cli.BoolFlag{Name: "explain", Usage: "with --if-changed, say what has changed"},
		&cli.BoolFlag{Name: "keep-steps", Usage: "keep the machine for later builds after each script and command, too"},
	)
}

// readReuse reads what the build takes from earlier ones, and keeps for later ones.
func readReuse(c *command.Call, q *build.Request) (err error) {
	if c.Bool("no-warm") {
		return nil
	}
	if !q.Seal.Whole() { // images of one snapshot would share what is left in them
		c.Log.Verbosef("keeping nothing for later builds, because of --no-seal")
		return nil
	}
	dir, err := cache.UserDir()
	if err != nil {
		c.Log.Warnf("keeping nothing for later builds: %v", err)
		return nil
	}
	size, dirs := command.Parse(c, &err, "cache-size", report.ParseBytes), cache.In(dir)
	q.Reuse = &build.Reuse{
		Dir: dir, Snapshots: dirs.Snapshots, Bytes: size,
		Prune: func() error {
			_, err := dirs.Prune(size, time.Now())
			return err
		},
		Scripts: c.Bool("keep-steps"), Refresh: c.Bool("refresh"),
	}
	if err == nil {
		q.Reuse.HTTP, err = remote.NewHTTP(remoteOptions(c))
	}
	return err
}

// upToDate reports whether --if-changed is given and there is nothing to build.
func upToDate(c *command.Call, q *build.Request) (bool, error) {
	if !c.Bool("if-changed") {
		return false, nil
	}
	reason, err := build.UpToDate(c.Ctx, q, c.String("metadata"))
	switch {
	case err != nil:
		return false, err
	case reason == "":
		c.Log.Infof("%q is up to date: nothing it is made from has changed", q.Target.Path)
		return true, nil
	case c.Bool("explain"):
		c.Log.Infof("building: %s", reason)
	}
	return false, nil
}

// checkIfChanged refuses --if-changed where there would be nothing to compare.
func checkIfChanged(c *command.Call, q *build.Request) error {
	metadata := c.String("metadata")
	switch asked := c.Bool("if-changed"); {
	case !asked && c.Bool("explain"):
		return report.Usagef("--explain needs --if-changed")
	case !asked:
		return nil
	case q.Target == nil:
		return report.Usagef("--if-changed needs an output that is saved")
	case metadata == "" || metadata == "-":
		return report.Usagef("--if-changed needs the description of the output in a file: add --metadata FILE")
	case q.Reuse == nil:
		return report.Usagef("--if-changed needs what earlier builds keep: drop --no-warm and --no-seal")
	case c.Bool("refresh"):
		return report.Usagef("--refresh takes nothing from earlier builds: drop it or --if-changed")
	}
	return nil
}
