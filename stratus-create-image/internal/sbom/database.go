package sbom

import (
	"bytes"
	"slices"
	"strings"
)

// database is one kind of package database. The command prints nothing where
// the guest has none of the kind.
type database struct {
	name    string
	command string
	parse   func(out []byte, to *Packages)
}

var databases = []database{
	{"dpkg", "command -v dpkg-query >/dev/null || exit 0; LC_ALL=C dpkg-query -W -f='" + dpkgFormat + "'", parseDpkg},
	// Debian's rpm has no database at first, and a query would make one.
	{"rpm", `command -v rpm >/dev/null || exit 0; d=$(rpm --eval %_dbpath); ` +
		`[ -s "$d"/rpmdb.sqlite ] || [ -s "$d"/Packages ] || [ -s "$d"/Packages.db ] || exit 0; ` +
		`LC_ALL=C rpm -qa --qf '` + rpmFormat + `'`, parseRpm},
	{"apk", "[ -e /lib/apk/db/installed ] || exit 0; " + apkFilter + " /lib/apk/db/installed", parseApk},
	// pacman -Q prints neither architecture nor license.
	{"pacman", "[ -d /var/lib/pacman/local ] || exit 0; find /var/lib/pacman/local" + pacmanFilter, parsePacman},
}

const (
	dpkgFormat = `${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n`
	rpmFormat  = `%{NAME}\t%{EPOCH}\t%{VERSION}-%{RELEASE}\t%{ARCH}\t%{LICENSE}\n`
	// The database of apk lists every file, too.
	apkFilter    = `sed -n -e '/^[PVAL]:/p' -e '/^$/p'`
	pacmanFilter = ` -mindepth 2 -maxdepth 2 -name desc -type f -exec cat {} +`
)

// parseDpkg reads dpkgFormat. Of what was removed dpkg may keep the
// configuration: such a package is not installed.
func parseDpkg(out []byte, to *Packages) {
	for line := range bytes.Lines(out) {
		fields := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
		switch {
		case len(fields) != 4 || len(fields[0]) < 2:
			to.Unread++
		case fields[0][1] == 'n' || fields[0][1] == 'c':
		default:
			to.add(Package{Kind: "deb", Name: fields[1], Version: fields[2], Arch: fields[3]})
		}
	}
}

// parseRpm reads rpmFormat. rpm keeps the keys that it trusts in its database as
// packages; they are none.
func parseRpm(out []byte, to *Packages) {
	for line := range bytes.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(string(line), "\n"), "\t", 5)
		if len(fields) != 5 {
			to.Unread++
			continue
		}
		for i := range fields {
			if fields[i] == "(none)" {
				fields[i] = ""
			}
		}
		if fields[0] == "gpg-pubkey" && fields[3] == "" {
			continue
		}
		version := fields[2]
		if fields[1] != "" {
			version = fields[1] + ":" + version
		}
		to.add(Package{Kind: "rpm", Name: fields[0], Version: version, Arch: fields[3], License: fields[4]})
	}
}

// parseApk reads the records of apk's database: lines of a letter, a colon and
// a value, up to an empty line.
func parseApk(out []byte, to *Packages) {
	for record := range bytes.SplitSeq(out, []byte("\n\n")) {
		p := Package{Kind: "apk"}
		for line := range bytes.Lines(record) {
			field, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), ":")
			switch field {
			case "P":
				p.Name = value
			case "V":
				p.Version = value
			case "A":
				p.Arch = value
			case "L":
				p.License = value
			}
		}
		if p != (Package{Kind: "apk"}) {
			to.add(p)
		}
	}
}

// parsePacman reads the desc files of pacman's database, one after the other:
// a name between percent signs, values on lines of their own, an empty line.
// The first name is always NAME.
func parsePacman(out []byte, to *Packages) {
	var record map[string][]string
	end := func() {
		if record == nil {
			return
		}
		one := func(field string) string { return strings.Join(record[field], "\n") }
		to.add(Package{Kind: "alpm", Name: one("%NAME%"), Version: one("%VERSION%"), Arch: one("%ARCH%"), License: strings.Join(record["%LICENSE%"], ", ")})
	}
	kept := []string{"%NAME%", "%VERSION%", "%ARCH%", "%LICENSE%"}
	field := ""
	for line := range bytes.Lines(out) {
		text := strings.TrimSuffix(string(line), "\n")
		switch {
		case text == "":
			field = ""
		case field == "" && text == "%NAME%":
			end()
			record, field = map[string][]string{}, text
		case field == "":
			field = text
			if record == nil {
				to.Unread++
			}
		case record != nil && slices.Contains(kept, field):
			record[field] = append(record[field], text)
		}
	}
	end()
}
