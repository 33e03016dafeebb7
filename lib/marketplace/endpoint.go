package marketplace

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/internal/api"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/report"
)

// endpoint is the address of a Marketplace. Its zero value is none.
type endpoint struct {
	url              *url.URL // of the Marketplace or the directory
	user, host, port string   // for sftp
	path             string   // of a directory; empty for http and https
}

// errEndpoint is wrapped by the error about a text that is not a valid endpoint. Its
// kind is report.Usage.
var errEndpoint = report.Usagef("not a valid endpoint")

// parseEndpoint reads an endpoint: the http or https URL of a Marketplace,
// sftp://USER@HOST/PATH or file:///PATH for a directory, or the path of a directory.
func parseEndpoint(text string) (endpoint, error) {
	scheme, _, isURL := strings.Cut(text, "://")
	if !isURL {
		return parsePath(text)
	}
	u, err := url.Parse(text)
	if err != nil {
		return endpoint{}, fmt.Errorf("%w: the URL cannot be read", errEndpoint) // the error would quote a password
	}
	e := endpoint{url: u}
	switch strings.ToLower(scheme) {
	case "http", "https":
		err = api.Check(u)
	case "sftp":
		e.user, e.host, e.port, e.path, err = remote.ParseSFTP(text)
	case "file":
		if e.path, err = remote.FilePath(u); err == nil {
			return parsePath(e.path)
		}
	default:
		return endpoint{}, fmt.Errorf("%w: %q: the scheme %q is not supported; want http, https, sftp or file", errEndpoint, u.Redacted(), scheme)
	}
	if err != nil {
		return endpoint{}, fmt.Errorf("%w: %w", errEndpoint, err)
	}
	return e, nil
}

func parsePath(path string) (endpoint, error) {
	_, err := os.Stat(path)
	switch {
	case path == "":
		return endpoint{}, fmt.Errorf("%w: %q", errEndpoint, path)
	case err != nil && !strings.Contains(path, "/") && strings.Contains(path, "."):
		// The original took bare host names and broke on them.
		return endpoint{}, fmt.Errorf("%w: %q: write https://%s for a host, ./%s for a new directory", errEndpoint, path, path, path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return endpoint{}, fmt.Errorf("%w: %q: %w", errEndpoint, path, err)
	}
	return endpoint{url: &url.URL{Scheme: "file", Path: absolute}, path: absolute}, nil
}

// String returns the endpoint as a URL without a password.
func (e endpoint) String() string { return e.url.Redacted() }

// Connection is an open endpoint, in one of three forms; the others are nil.
type Connection struct {
	API   *api.Marketplace
	Local *registry.LocalDir
	SFTP  *registry.SFTPDir

	base    string // URL, with a slash at its end
	session *remote.SFTP
}

// Connect opens a Marketplace. The end of the context ends a connection to another
// host. Package publish uses it; to find entries, use Open.
func Connect(ctx context.Context, where string, o Access) (*Connection, error) {
	at, err := parseEndpoint(where)
	var c *Connection
	if err == nil {
		c, err = at.connect(ctx, o)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the Marketplace: %w", err)
	}
	return c, nil
}

func (e endpoint) connect(ctx context.Context, o Access) (c *Connection, err error) {
	c = &Connection{base: strings.TrimRight(e.url.String(), "/") + "/"}
	switch {
	case e.path == "":
		client, err := remote.NewHTTP(o)
		if err != nil {
			return nil, err
		}
		c.API, err = api.New(e.url, client)
		return c, err
	case e.host != "":
		if c.session, err = remote.DialSFTP(ctx, e.user, e.host, e.port, o); err == nil {
			c.SFTP = registry.SFTP(c.session.Client, e.path)
		}
	default:
		c.Local, err = registry.Local(e.path)
	}
	return c, err
}

// URL returns the address of an entry.
func (c *Connection) URL(k entry.Key) string { return c.base + k.URLPath() }

// Close ends the connection.
func (c *Connection) Close() error {
	if c.session == nil {
		return nil
	}
	return c.session.Close()
}

// Fail returns an error of another host with its kind. It returns nil for nil.
func (c *Connection) Fail(ctx context.Context, err error) error {
	if c.session == nil || err == nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx) // it has ended the session
	}
	return remote.SFTPError(err)
}
