// Command marketplace serves the API and the pages of a StratusLab Marketplace over
// HTTP, from a directory that stratus-upload-metadata can also write, and any web
// server can serve. It must not know what the API is.
package main

import (
	"fmt"
	"net"
	"os"
	"regexp"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/server"
)

func main() { os.Exit(command.Main(program())) }

func program() *command.Program {
	limits := server.DefaultLimits()
	return &command.Program{
		Name:    "marketplace",
		Summary: "serve a Marketplace of image descriptions over HTTP",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "serve the entries in the directory `DIR`, which the first upload creates"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8081", Usage: "listen on `HOST:PORT`; port 0 stands for any free port"},
			&cli.IntFlag{Name: "max-uploads", Value: limits.Uploads, Usage: "publish at most `NUMBER` uploads at a time, 1 to 1000"},
		},
		Examples: []string{
			"marketplace --data /srv/marketplace",
			"marketplace --data /srv/marketplace --listen '[::1]:9204' --max-uploads 4",
		},
		Action: func(c *command.Call) error { return serve(c, limits) },
	}
}

// scheme is the beginning of a URL.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

func serve(c *command.Call, limits server.Limits) error {
	if c.String("data") == "" {
		return report.Usagef("option %q is missing: name the directory of the entries", "--data")
	}
	if scheme.MatchString(c.String("data")) {
		return report.Usagef("reading --data %q: a URL is not supported; want a directory", c.String("data"))
	}
	if limits.Uploads = c.Int("max-uploads"); limits.Uploads < 1 || limits.Uploads > 1000 {
		return report.Usagef("reading --max-uploads %d: not supported; want 1 to 1000", limits.Uploads)
	}
	if _, _, err := net.SplitHostPort(c.String("listen")); err != nil {
		return report.Usagef("reading --listen %q: not a valid address; want HOST:PORT, such as 127.0.0.1:8081", c.String("listen"))
	}
	s, err := server.New(c.Path("data"), limits, c.Log)
	if err != nil {
		return err
	}
	if err := s.Load(c.Ctx); err != nil {
		c.Log.Warnf("%v", err)
	}
	l, err := new(net.ListenConfig).Listen(c.Ctx, "tcp", c.String("listen"))
	if err != nil {
		return fmt.Errorf("listening on %q: %w", c.String("listen"), err)
	}
	c.Log.Infof("serving %q at %s", c.String("data"), "http://"+l.Addr().String()+"/")
	if err := s.Serve(c.Ctx, l); err != nil {
		return fmt.Errorf("serving %q: %w", c.String("data"), err)
	}
	c.Log.Infof("stopped")
	return nil
}
