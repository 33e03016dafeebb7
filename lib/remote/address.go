package remote

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// ParseSFTP takes a URL of the form sftp://user@host:port/path apart. user is
// empty if the URL has none, port is "22" then. The path is absolute and clean,
// or relative to the directory that a session begins in, if it begins with /~/
// ("." is that directory itself). A password is an error, which does not show it.
func ParseSFTP(rawURL string) (user, host, port, dir string, err error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		var detail *url.Error
		if errors.As(err, &detail) { // without the URL, which may have a password
			err = detail.Err
		}
		return "", "", "", "", fmt.Errorf("parsing an SFTP URL: %w", err)
	}
	fail := func(format string, args ...any) (string, string, string, string, error) {
		return "", "", "", "", fmt.Errorf("SFTP URL %q: %w", u.Redacted(), fmt.Errorf(format, args...))
	}
	user, host, port = u.User.Username(), strings.ToLower(u.Hostname()), u.Port()
	_, hasPassword := u.User.Password()
	switch {
	case u.Scheme != "sftp":
		return fail("scheme %q is not supported; want sftp", u.Scheme)
	case hasPassword:
		return fail("a password is not used, only the SSH agent and key files are")
	case host == "":
		return fail("it names no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fail("a query or fragment has no meaning")
	case u.Path == "":
		return fail("it names no path (%q is the login directory)", "/~/")
	case strings.ContainsFunc(user+host+u.Path, unicode.IsControl):
		return fail("it has control characters")
	}
	if port == "" {
		port = "22"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fail("port %q: not a valid port", port)
	}
	if below, ok := strings.CutPrefix(u.Path+"/", "/~/"); ok {
		return user, host, port, path.Clean("./" + below), nil
	}
	return user, host, port, path.Clean(u.Path), nil
}

// FilePath is the path that a URL of the scheme file names, on this host.
func FilePath(u *url.URL) (string, error) {
	if u.Host != "" && u.Host != "localhost" || u.User != nil || !filepath.IsAbs(u.Path) || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q: not a valid file URL; want file:///PATH", u.Redacted())
	}
	return filepath.Clean(u.Path), nil
}
