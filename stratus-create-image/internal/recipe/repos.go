package recipe

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// word matches what may stand in a repository's line beside its address.
var word = regexp.MustCompile(`^[A-Za-z0-9._/:+~-]+$`)

// signedBy matches the one option of an apt source that may be given.
var signedBy = regexp.MustCompile(`^\[signed-by=/[A-Za-z0-9._/+-]+\]$`)

// repoFile is the file that configures one more repository, with signatures
// checked: its path in the guest and its content.
//
// The entry's form is, for apt, "[[signed-by=KEYRING]] URL SUITE [COMPONENT ...]",
// for dnf, yum and zypper "URL [KEY-URL]", for apk "URL".
func (i Installer) repoFile(entry string, n int) (path, content string, err error) {
	fields := strings.Fields(entry)
	var options string
	if i == Apt && len(fields) > 0 && signedBy.MatchString(fields[0]) {
		options, fields = fields[0]+" ", fields[1:]
	}
	if err := checkRepo(fields); err != nil {
		return "", "", fmt.Errorf("reading the repository %q: %w", entry, err)
	}
	name := fmt.Sprintf("stratus-%d", n)
	switch {
	case i == Apt && len(fields) >= 2:
		return "/etc/apt/sources.list.d/" + name + ".list", "deb " + options + strings.Join(fields, " ") + "\n", nil
	case (i == Dnf || i == Yum) && len(fields) <= 2:
		return "/etc/yum.repos.d/" + name + ".repo", rpmRepo(name, fields), nil
	case i == Zypper && len(fields) <= 2:
		return "/etc/zypp/repos.d/" + name + ".repo", rpmRepo(name, fields), nil
	case i == Apk && len(fields) == 1:
		return "/etc/apk/repositories", fields[0] + "\n", nil
	}
	return "", "", fmt.Errorf("reading the repository %q: no form that %s takes", entry, i)
}

func checkRepo(fields []string) error {
	if len(fields) == 0 {
		return fmt.Errorf("it is empty")
	}
	u, err := url.Parse(fields[0])
	if err != nil {
		return err
	}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "file" || u.User != nil {
		return fmt.Errorf("an http, https or file URL without a password is expected first")
	}
	for _, f := range fields[1:] {
		if !word.MatchString(f) {
			return fmt.Errorf("%q cannot stand in it", f)
		}
	}
	return nil
}

func rpmRepo(name string, fields []string) string {
	text := fmt.Sprintf("[%s]\nname=%s\nbaseurl=%s\nenabled=1\ngpgcheck=1\n", name, name, fields[0])
	if len(fields) == 2 {
		text += "gpgkey=" + fields[1] + "\n"
	}
	return text
}
