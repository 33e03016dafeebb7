package recipe

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

func osOf(i Installer) guest.OS {
	for id, installer := range families {
		if installer == i {
			return guest.OS{ID: id}
		}
	}
	return guest.OS{}
}

// repos parses repositories.
func repos(t *testing.T, texts ...string) (all []Repo) {
	t.Helper()
	for _, text := range texts {
		r, err := ParseRepo(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// install returns packages of repositories.
func install(names ...string) (packages []Package) {
	for _, name := range names {
		packages = append(packages, Package{Name: name})
	}
	return packages
}

// flat is an addition as text.
func flat(a addition) string {
	var b strings.Builder
	for _, f := range a.files {
		sign := ">"
		if f.grow {
			sign = ">>"
		}
		b.WriteString(sign + f.path + "\n" + f.content)
	}
	for _, c := range a.commands {
		b.WriteString("$ " + strings.Join(c, " ") + "\n")
	}
	return b.String()
}

func TestAddition(t *testing.T) {
	k := &key{name: "x.rsa.pub", data: []byte("KEY\n"), fingerprints: []string{"AB", "CD"}}
	armored := k.armored()
	tests := []struct {
		installer Installer
		entry     string
		key       *key
		unsigned  bool
		want      string
	}{
		{
			Apt,
			"http://x.org/debian bookworm main contrib",
			nil,
			false,
			">/etc/apt/sources.list.d/NAME.list\ndeb http://x.org/debian bookworm main contrib\n$ rm -f " +
				"/etc/apt/sources.list.d/NAME.sources\n",
		},
		{
			Apt,
			"[signed-by=/etc/apt/keyrings/x.gpg] https://x.org ./",
			nil,
			true,
			">/etc/apt/sources.list.d/NAME.list\ndeb [signed-by=/etc/apt/keyrings/x.gpg] https://x.org ./\n$ rm -f " +
				"/etc/apt/sources.list.d/NAME.sources\n",
		},
		{
			Apt,
			"https://x.org ./",
			nil,
			true,
			">/etc/apt/sources.list.d/NAME.list\ndeb [trusted=yes] https://x.org ./\n$ rm -f /etc/apt/sources.list.d/NAME.sources\n",
		},
		{
			Apt,
			"https://x.org stable main",
			k,
			true,
			">/etc/apt/keyrings/NAME.gpg\nKEY\n>/etc/apt/sources.list.d/NAME.sources\nTypes: deb\nURIs: https://x.org\nSuites: " +
				"stable\nComponents: main\nSigned-By: /etc/apt/keyrings/NAME.gpg\n$ rm -f /etc/apt/sources.list.d/NAME.list\n",
		},
		{
			Apt,
			"https://x.org ./",
			k,
			false,
			">/etc/apt/keyrings/NAME.gpg\nKEY\n>/etc/apt/sources.list.d/NAME.sources\nTypes: deb\nURIs: https://x.org\nSuites: " +
				"./\nSigned-By: /etc/apt/keyrings/NAME.gpg\n$ rm -f /etc/apt/sources.list.d/NAME.list\n",
		},
		{
			Dnf,
			"https://x.org/$basearch https://x.org/KEY",
			nil,
			true,
			">/etc/yum.repos.d/NAME.repo\n[NAME]\nname=NAME\nbaseurl=https://x.org/$basearch\nenabled=1\ngpgcheck=1\n" +
				"gpgkey=https://x.org/KEY\n",
		},
		{
			Yum,
			"https://x.org",
			nil,
			true,
			">/etc/yum.repos.d/NAME.repo\n[NAME]\nname=NAME\nbaseurl=https://x.org\nenabled=1\ngpgcheck=0\n",
		},
		{
			Dnf,
			"https://x.org",
			k,
			true,
			">/etc/pki/rpm-gpg/NAME.asc\n" + armored + ">/etc/yum.repos.d/NAME.repo\n[NAME]\nname=NAME\nbaseurl=https://x.org\n" +
				"enabled=1\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/NAME.asc\n$ rpm --import /etc/pki/rpm-gpg/NAME.asc\n",
		},
		{
			Zypper,
			"https://x.org/r",
			nil,
			false,
			">/etc/zypp/repos.d/NAME.repo\n[NAME]\nname=NAME\nbaseurl=https://x.org/r\nenabled=1\ngpgcheck=1\n",
		},
		{
			Zypper,
			"https://x.org/r https://x.org/K",
			nil,
			false,
			">/etc/zypp/repos.d/NAME.repo\n[NAME]\nname=NAME\nbaseurl=https://x.org/r\nenabled=1\ngpgcheck=1\n" +
				"gpgkey=https://x.org/K\n$ rpm --import https://x.org/K\n",
		},
		{Apk, "https://x.org/v3", nil, false, ">>/etc/apk/repositories\nhttps://x.org/v3\n"},
		{Apk, "https://x.org/v3", k, false, ">/etc/apk/keys/x.rsa.pub\nKEY\n>>/etc/apk/repositories\nhttps://x.org/v3\n"},
		{
			Pacman,
			"https://x.org/r extra",
			k,
			false,
			">/usr/share/pacman/keyrings/NAME.gpg\nKEY\n>>/etc/pacman.conf\n\n[extra]\nSigLevel = Required\nServer = " +
				"https://x.org/r\n$ pacman-key --add /usr/share/pacman/keyrings/NAME.gpg\n$ pacman-key --lsign-key AB CD\n",
		},
		{
			Pacman,
			"https://x.org/r extra",
			nil,
			true,
			">>/etc/pacman.conf\n\n[extra]\nSigLevel = Never\nServer = https://x.org/r\n",
		},
	}
	for _, test := range tests {
		r, err := ParseRepo(test.entry)
		if err != nil {
			t.Error(err)
			continue
		}
		a, err := test.installer.addition(r, test.key, test.unsigned)
		if err != nil {
			t.Errorf("%s %q: %v", test.installer, test.entry, err)
		}
		if diff := cmp.Diff(strings.ReplaceAll(test.want, "NAME", r.name()), flat(a)); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", test.installer, test.entry, diff)
		}
	}
}

func TestBadRepos(t *testing.T) {
	for _, bad := range []struct {
		installer Installer
		entry     string
	}{
		{Apt, ""}, {Apt, "http://x.org"}, {Apt, "[trusted=yes] http://x.org ./"}, {Apt, "http://x.org bookworm 'main"},
		{Apt, "[signed-by=x] http://x.org ./"}, {Apt, "[key=] http://x.org ./"}, {Apt, "[key=x http://x.org ./"}, {Apt, "[key=./x]"},
		{Apt, "http://user:secret@x.org bookworm main"}, {Dnf, "ftp://x.org"}, {Dnf, "https://x.org a b"}, {Pacman, "https://x.org"},
		{Pacman, "https://x.org extra"}, {Pacman, "https://x.org a]b"}, {Dnf, "[signed-by=/x] https://x.org"},
		{Dnf, "https://x.org\ngpgcheck=0 k;k"},
		{Zypper, "https://x.org $(id)"}, {Apk, "https://x.org y"},
		{Dnf, "https://x.org http://x.org/KEY"}, {Yum, "https://x.org ftp://x.org/KEY"}, {Zypper, "https://x.org http://x.org/KEY"},
		{Zypper, "https://x.org -e"}, {Dnf, "https://x.org KEY"}, {Dnf, "https://x.org /etc/KEY"}, {Dnf, "https://x.org https:///KEY"},
		{Dnf, "https://x.org file://x.org/KEY"}, {Dnf, "https://x.org file:///"},
	} {
		r, err := ParseRepo(bad.entry)
		if err == nil {
			_, err = bad.installer.addition(r, nil, false)
		}
		if err == nil {
			t.Errorf("%s %q is taken", bad.installer, bad.entry)
		}
	}
}

func TestRepoName(t *testing.T) {
	names := make(map[string]string)
	for _, entry := range []string{"https://x.org ./", "https://x.org main", "https://x.org"} {
		r, err := ParseRepo(entry)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRepo("[signed-by=/other.asc]  " + strings.ReplaceAll(entry, " ", "  "))
		if err != nil || again.name() != r.name() {
			t.Errorf("%q is called %s and %s: %v", entry, r.name(), again.name(), err)
		}
		if names[r.name()] != "" || !regexp.MustCompile("^stratus-[0-9a-f]{8}$").MatchString(r.name()) {
			t.Errorf("%q is called %s, %q too", entry, r.name(), names[r.name()])
		}
		names[r.name()] = entry
	}
}

func TestParseRepo(t *testing.T) {
	// Bad for every package manager: said before the guest is known.
	for _, bad := range []string{"https://x.org http://x.org/KEY", "https://x.org -e"} {
		if _, err := ParseRepo(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	path := filepath.Join(t.TempDir(), "a key.asc")
	text := "[key=" + path + "] https://x.org"
	if _, err := ParseRepo(text); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a key that is not there: %v", err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := ParseRepo(text); err != nil || string(r.keyBytes) != "x" || r.String() != text {
		t.Errorf("%+v, %v", r, err)
	}
}
