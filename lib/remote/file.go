package remote

import (
	"fmt"
	"net/url"
	"path/filepath"
)

// FilePath is the path that a URL of the scheme file names, on this host.
func FilePath(u *url.URL) (string, error) {
	if u.Host != "" && u.Host != "localhost" || u.User != nil || !filepath.IsAbs(u.Path) || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q: file:///PATH is expected", u.Redacted())
	}
	return filepath.Clean(u.Path), nil
}
