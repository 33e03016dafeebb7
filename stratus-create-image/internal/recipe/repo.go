package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// word matches what may stand in a repository's line beside its address; never
// an option.
var word = regexp.MustCompile(`^[A-Za-z0-9._/:+~][A-Za-z0-9._/:+~-]*$`)

// signedBy matches the option of an apt source that names a key ring which the
// guest has.
var signedBy = regexp.MustCompile(`^signed-by=/[A-Za-z0-9._/+-]+$`)

// repo is one more package repository, as the user names it.
type repo struct {
	entry   string
	option  string   // of an apt source, such as "signed-by=/etc/apt/keyrings/x.gpg", or empty
	keyFrom string   // the path here, or the URL, of its signing key, or empty
	fields  []string // its address, and what the package manager wants with it
}

// parseRepo reads "[[OPTION]] URL [WORD ...]", where OPTION is key=KEY or
// signed-by=KEYRING. What words there may be depends on the package manager.
func parseRepo(entry string) (repo, error) {
	r := repo{entry: entry}
	rest := strings.TrimSpace(entry)
	if option, after, ok := strings.Cut(rest, "]"); ok && strings.HasPrefix(option, "[") {
		option = option[1:]
		if key, ok := strings.CutPrefix(option, "key="); ok && key != "" {
			r.keyFrom = key
		} else if signedBy.MatchString(option) {
			r.option = option
		} else {
			return r, fmt.Errorf("reading the repository %q: the option %q is neither key=KEY nor signed-by=KEYRING", entry, option)
		}
		rest = after
	}
	r.fields = strings.Fields(rest)
	if err := r.check(); err != nil {
		return r, fmt.Errorf("reading the repository %q: %w", entry, err)
	}
	return r, nil
}

func (r repo) check() error {
	if len(r.fields) == 0 {
		return errors.New("it has no address")
	}
	u, err := url.Parse(r.fields[0])
	if err != nil {
		return errors.New("its address is no URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "file" || u.User != nil {
		return errors.New("an http, https or file URL without a password is expected first")
	}
	for _, f := range r.fields[1:] {
		if !word.MatchString(f) {
			return fmt.Errorf("%q cannot stand in it", f)
		}
		// Whatever the package manager: no other word has a scheme.
		if strings.Contains(f, "://") && !keyURL(f) {
			return fmt.Errorf("%q is no address for a key: an https or file URL is expected", f)
		}
	}
	return nil
}

// keyURL says whether a guest may take a signing key from there: one that anybody
// on the way could have exchanged proves nothing.
func keyURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" && u.Host != "" || u.Scheme == "file" && u.Host == "" && len(u.Path) > 1)
}

// name is what the repository's files are called in the guest: the same for the
// same repository, and another one for every other, in images that are made from
// each other, too.
func (r repo) name() string {
	sum := sha256.Sum256([]byte(strings.Join(r.fields, " ")))
	return "stratus-" + hex.EncodeToString(sum[:4])
}

// addition is what makes a repository known to the package manager: files, and
// commands after them.
type addition struct {
	entry    string
	files    []file
	commands [][]string
}

// file is one file of an addition, for everybody to read.
type file struct {
	path, content string
	grow          bool // the content is added to what is there, unless that has it
}

// addition says how a repository is added. Its packages are checked against its
// key, or one that the guest trusts already; against none where there is no key
// and unsigned allows that.
func (i Installer) addition(r repo, k *key, unsigned bool) (addition, error) {
	name := r.name()
	a := addition{entry: r.entry}
	count := len(r.fields)
	unsigned = unsigned && k == nil && r.option == ""
	switch {
	case i != Apt && r.option != "":
	case i == Apt && count >= 2 && k != nil:
		a.addDeb822(name, r.fields, k)
		return a, nil
	case i == Apt && count >= 2:
		a.addOneLine(name, r, unsigned)
		return a, nil
	case (i == Dnf || i == Yum || i == Zypper) && (count == 1 || count == 2 && k == nil && keyURL(r.fields[1])):
		a.addRPM(i, name, r.fields, k, unsigned)
		return a, nil
	case i == Apk && count == 1:
		if k != nil {
			a.files = append(a.files, file{path: "/etc/apk/keys/" + k.name, content: string(k.data)})
		}
		a.files = append(a.files, file{path: "/etc/apk/repositories", content: r.fields[0] + "\n", grow: true})
		return a, nil
	case i == Pacman && count == 2 && (k != nil || unsigned):
		a.addPacman(name, r.fields, k)
		return a, nil
	}
	return a, fmt.Errorf("reading the repository %q: no form that %s takes", r.entry, i)
}

// aptSources is where apt's sources are. The same repository must not stand there
// in both forms: apt wants it to have one key.
const aptSources = "/etc/apt/sources.list.d/"

func (a *addition) addDeb822(name string, fields []string, k *key) {
	ring, base := "/etc/apt/keyrings/"+name+".gpg", aptSources+name
	text := fmt.Sprintf("Types: deb\nURIs: %s\nSuites: %s\n", fields[0], fields[1])
	if len(fields) > 2 {
		text += "Components: " + strings.Join(fields[2:], " ") + "\n"
	}
	a.files = append(a.files,
		file{path: ring, content: string(k.data)},
		file{path: base + ".sources", content: text + "Signed-By: " + ring + "\n"})
	a.commands = append(a.commands, []string{"rm", "-f", base + ".list"})
}

func (a *addition) addOneLine(name string, r repo, unsigned bool) {
	option := r.option
	if unsigned {
		option = "trusted=yes"
	}
	if option != "" {
		option = "[" + option + "] "
	}
	base := aptSources + name
	a.files = append(a.files, file{path: base + ".list", content: "deb " + option + strings.Join(r.fields, " ") + "\n"})
	a.commands = append(a.commands, []string{"rm", "-f", base + ".sources"})
}

// addRPM gives the key to rpm itself: zypper would ask whether to trust it.
func (a *addition) addRPM(i Installer, name string, fields []string, k *key, unsigned bool) {
	var from string
	switch {
	case k != nil:
		path := "/etc/pki/rpm-gpg/" + name + ".asc"
		from = "file://" + path
		a.files = append(a.files, file{path: path, content: k.armored()})
		a.commands = append(a.commands, []string{"rpm", "--import", path})
	case len(fields) == 2:
		from = fields[1]
		if i == Zypper {
			a.commands = append(a.commands, []string{"rpm", "--import", from})
		}
	}
	check := "gpgcheck=1\n"
	if unsigned && from == "" {
		check = "gpgcheck=0\n"
	}
	text := fmt.Sprintf("[%s]\nname=%s\nbaseurl=%s\nenabled=1\n%s", name, name, fields[0], check)
	if from != "" {
		text += "gpgkey=" + from + "\n"
	}
	dir := "/etc/yum.repos.d/"
	if i == Zypper {
		dir = "/etc/zypp/repos.d/"
	}
	a.files = append(a.files, file{path: dir + name + ".repo", content: text})
}

// addPacman takes "URL NAME": pacman's repositories have the name that their
// database has.
func (a *addition) addPacman(name string, fields []string, k *key) {
	level := "Never"
	if k != nil {
		level = "Required"
		path := "/usr/share/pacman/keyrings/" + name + ".gpg"
		a.files = append(a.files, file{path: path, content: string(k.data)})
		a.commands = append(a.commands, []string{"pacman-key", "--add", path}, join([]string{"pacman-key", "--lsign-key"}, k.fingerprints...))
	}
	a.files = append(a.files, file{path: "/etc/pacman.conf", grow: true,
		content: fmt.Sprintf("\n[%s]\nSigLevel = %s\nServer = %s\n", fields[1], level, fields[0])})
}
