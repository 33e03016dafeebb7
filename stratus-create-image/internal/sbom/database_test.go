package sbom

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// installed is a database of apk, in the form that its documentation shows.
const installed = `C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:alpine-baselayout
V:3.6.5-r0
A:x86_64
S:8515
I:315392
T:Alpine base dir structure and init scripts
U:https://git.alpinelinux.org/cgit/aports/tree/main/alpine-baselayout
L:GPL-2.0-only
o:alpine-baselayout
D:alpine-baselayout-data=3.6.5-r0 /bin/sh
F:dev
F:etc
R:motd
Z:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=

C:Q1p78yvTLG094tHE1+dToJGbmYzQE=
P:musl
V:1.2.5-r0
A:x86_64
L:MIT
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
`

func TestParse(t *testing.T) {
	tests := map[string]struct {
		parse func([]byte, *Packages)
		out   string
		want  Packages
	}{
		"dpkg": {
			parseDpkg,
			"ii \ta\t1:2-3\tamd64\nrc \tgone\t1\tall\nun \tnever\t\t\niU \thalf\t2\tall\nii \tcut\t1\n\nii \ta b\t1\tall\nii " +
				"\t\t1\tall\nii \tb\xff\t1\tall",
			Packages{[]Package{{"deb", "a", "1:2-3", "amd64", ""}, {"deb", "half", "2", "all", ""}}, 5},
		},
		"rpm": {
			parseRpm,
			"a\t(none)\t1-2\tx86_64\tGPLv2+\nb\t3\t1-2\tnoarch\tx\ty \xe9\x01\ngpg-pubkey\t(none)\t1-2\t(none)\tpubkey\nodd\n",
			Packages{
				[]Package{{"rpm", "a", "1-2", "x86_64", "GPLv2+"}, {"rpm", "b", "3:1-2", "noarch", "x y \uFFFD\uFFFD"}},
				1,
			},
		},
		"apk": {parseApk, "P:a\nV:1-r0\nA:x86_64\nL:MIT\n\n\nP:b\nV:2\n\nV:3\n\nP:c\nV:4",
			Packages{
				[]Package{{"apk", "a", "1-r0", "x86_64", "MIT"}, {"apk", "b", "2", "", ""}, {"apk", "c", "4", "", ""}},
				1,
			}},
		"pacman": {
			parsePacman,
			"lost\nvalue\n\n%NAME%\na\n\n%VERSION%\n1:2-3\n\n%DESC%\n%NAME%\n\n%LICENSE%\nGPL\nMIT\n\n%NAME%\nb\n\n%VERSION%\n" +
				"4\n\n%ARCH%\nany\n\n%NAME%\nc\nd\n\n",
			Packages{[]Package{{"alpm", "a", "1:2-3", "", "GPL, MIT"}, {"alpm", "b", "4", "any", ""}}, 2},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got Packages
			test.parse([]byte(test.out), &got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApkFilter(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", apkFilter)
	cmd.Stdin = strings.NewReader(installed)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got Packages
	parseApk(out, &got)
	want := Packages{
		List: []Package{
			{"apk", "alpine-baselayout", "3.6.5-r0", "x86_64", "GPL-2.0-only"},
			{"apk", "musl", "1.2.5-r0", "x86_64", "MIT"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

func TestPurl(t *testing.T) {
	tests := map[string]struct {
		p  Package
		os guest.OS
	}{
		"pkg:deb/debian/nginx@1.22.1?arch=amd64&distro=debian-12": {
			Package{Kind: "deb", Name: "nginx", Version: "1.22.1", Arch: "amd64"},
			guest.OS{ID: "debian", Version: "12"},
		},
		"pkg:deb/debian/g%2B%2B@4:12.2.0-3%2Bb1?arch=all&distro=debian-12": {
			Package{Kind: "deb", Name: "g++", Version: "4:12.2.0-3+b1", Arch: "all"},
			guest.OS{ID: "debian", Version: "12"},
		},
		"pkg:rpm/rocky/ImageMagick@6.9-1.el9?arch=x86_64&distro=rocky-9.4&epoch=1": {
			Package{Kind: "rpm", Name: "ImageMagick", Version: "1:6.9-1.el9", Arch: "x86_64"},
			guest.OS{ID: "rocky", Version: "9.4"},
		},
		"pkg:alpm/arch/vim@9.1-1?distro=arch": {
			Package{Kind: "alpm", Name: "vim", Version: "9.1-1"},
			guest.OS{ID: "arch"},
		},
		"pkg:apk/a%2Fb/x%25%3F%23@1%26%C3%A9?distro=a%2Fb": {
			Package{Kind: "apk", Name: "x%?#", Version: "1&é"},
			guest.OS{ID: "a/b"},
		},
	}
	for want, test := range tests {
		if got := test.p.purl(test.os); got != want {
			t.Errorf("purl %s, want %s", got, want)
		}
	}
}

// FuzzParse looks for records that are neither taken nor counted safely.
func FuzzParse(f *testing.F) {
	f.Add("ii \ta\t1:2-3\tamd64\n")
	f.Add("a\t(none)\t1-2\tx86_64\tGPLv2+\n")
	f.Add(installed)
	f.Add("%NAME%\na\n\n%VERSION%\n1\n\n%ARCH%\nany\n\n")
	f.Fuzz(func(t *testing.T, out string) {
		for _, d := range databases {
			var got Packages
			d.parse([]byte(out), &got)
			if lines := strings.Count(out, "\n") + 1; len(got.List)+got.Unread > lines {
				t.Errorf("%s: %d packages and %d unread in %d lines", d.name, len(got.List), got.Unread, lines)
			}
			for _, p := range got.List {
				purl := p.purl(guest.OS{ID: "debian", Version: "12"})
				if p.Name == "" || p.Version == "" ||
					strings.Trim(
						purl,
						"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~",
					) != "" {
					t.Errorf("%s: %#v with the package URL %q", d.name, p, purl)
				}
			}
		}
	})
}
