package main

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
)

// reuseFlags are the flags of readReuse.
func reuseFlags() []cli.Flag {
	return command.InCategory("Earlier builds",
		&cli.BoolFlag{Name: "no-warm", Usage: "start the machine anew, and keep nothing of it for later builds"},
		&cli.BoolFlag{Name: "refresh", Usage: "take nothing from earlier builds, but keep the machine for later ones"},
		&cli.BoolFlag{Name: "keep-steps", Usage: "keep the machine for later builds after each script and command, too"},
	)
}

// readReuse reads what the build takes from earlier ones, and keeps for later ones.
func readReuse(c *command.Call, q *build.Request) (err error) {
	if c.Bool("no-warm") {
		return nil
	}
	if !q.Seal.Whole() { // images of one snapshot would share what is left in them
		c.Log.Infof("keeping nothing for later builds, because of --no-seal")
		return nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		c.Log.Warnf("keeping nothing for later builds: %v", err)
		return nil
	}
	q.Reuse = &build.Reuse{
		Dir: filepath.Join(cache, "stratuslab"), Bytes: command.Parse(c, &err, "cache-size", parseSize),
		Scripts: c.Bool("keep-steps"), Refresh: c.Bool("refresh"),
	}
	if err == nil {
		q.Reuse.HTTP, err = remote.NewHTTP(remoteOptions(c))
	}
	return err
}
