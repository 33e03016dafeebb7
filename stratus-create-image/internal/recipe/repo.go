package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// word matches a word of a repository after its URL; never an option.
var word = regexp.MustCompile(`^[A-Za-z0-9._/:+~][A-Za-z0-9._/:+~-]*$`)

// signedBy matches the option of an apt source that names a key ring which the
// guest has.
var signedBy = regexp.MustCompile(`^signed-by=/[A-Za-z0-9._/+-]+$`)

// Repo is one more package repository.
type Repo struct {
	text     string   // as the user wrote it
	option   string   // of an apt source, such as "signed-by=/etc/apt/keyrings/x.gpg", or empty
	keyFrom  string   // the path here, or the URL, of its signing key, or empty
	keyBytes []byte   // content of keyFrom; nil where that is a URL, until loadKey
	fields   []string // its URL, and the words that the package manager needs
}

// String returns the repository as the user wrote it.
func (r Repo) String() string { return r.text }

// ParseRepo reads "[[OPTION]] URL [WORD ...]" and finds what is wrong with it
// whatever the guest's package manager will be: for apt it is
// "URL SUITE [COMPONENT ...]", for dnf, yum and zypper "URL [KEY-URL]", for apk
// "URL", for pacman "URL NAME". OPTION is "key=KEY", a local file, which is read
// now, or an https URL with the key that signs the repository, or, for apt,
// "signed-by=KEYRING", a file that the guest has. KEY-URL is an https or file
// URL.
func ParseRepo(text string) (r Repo, err error) {
	r.text = text
	rest := strings.TrimSpace(text)
	if option, after, ok := strings.Cut(rest, "]"); ok && strings.HasPrefix(option, "[") {
		option = option[1:]
		if key, ok := strings.CutPrefix(option, "key="); ok && key != "" {
			r.keyFrom = key
		} else if signedBy.MatchString(option) {
			r.option = option
		} else {
			return r, fmt.Errorf("the option %q is not supported; want key=KEY or signed-by=KEYRING", option)
		}
		rest = after
	}
	r.fields = strings.Fields(rest)
	if err := r.check(); err != nil {
		return r, err
	}
	if r.keyFrom != "" && !isURL(r.keyFrom) {
		if r.keyBytes, err = os.ReadFile(r.keyFrom); err != nil {
			return r, fmt.Errorf("reading the signing key: %w", err)
		}
	}
	return r, nil
}

func isURL(text string) bool { return strings.Contains(text, "://") }

func (r Repo) check() error {
	if len(r.fields) == 0 {
		return errors.New("it has no URL")
	}
	u, err := url.Parse(r.fields[0])
	if err != nil {
		return errors.New("not a valid URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "file" || u.User != nil {
		return errors.New("not a valid repository: it begins with an http, https or file URL without a password")
	}
	for _, f := range r.fields[1:] {
		if !word.MatchString(f) {
			return fmt.Errorf("%q is not a valid word of a repository", f)
		}
		// Whatever the package manager: no other word has a scheme.
		if isURL(f) && !keyURL(f) {
			return fmt.Errorf("%q is not a valid URL for a key; want an https or file URL", f)
		}
	}
	return nil
}

// keyURL reports whether a guest may take a signing key from the URL: over http,
// the key could have been exchanged on the way, and would prove nothing.
func keyURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" && u.Host != "" || u.Scheme == "file" && u.Host == "" && len(u.Path) > 1)
}

// name returns the name of the repository's files in the guest. It depends on
// the repository alone, so that images made from each other hold it once.
func (r Repo) name() string {
	sum := sha256.Sum256([]byte(strings.Join(r.fields, " ")))
	return "stratus-" + hex.EncodeToString(sum[:4])
}

// addition makes a repository known to the package manager: files, and commands
// that run after they are written.
type addition struct {
	repo     Repo
	files    []file
	commands [][]string
}

// file is one file of an addition, readable for everybody.
type file struct {
	path, content string
	grow          bool // append the content, unless the file has it already
}

// addition returns how a repository is added. Its packages are checked against
// the key k, or one that the guest trusts already; with unsigned, those of a
// repository without a key are not checked.
func (i Installer) addition(r Repo, k *key, unsigned bool) (addition, error) {
	name := r.name()
	a := addition{repo: r}
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
	return a, fmt.Errorf("reading the repository %q: not a valid repository for %s", r, i)
}

// aptSources is the directory of apt's sources. apt refuses a repository that
// stands there in both forms, with different keys.
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

func (a *addition) addOneLine(name string, r Repo, unsigned bool) {
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

// addRPM imports the key with rpm: zypper would ask whether to trust it.
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

// addPacman adds "URL NAME", where NAME is that of the repository's database.
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
