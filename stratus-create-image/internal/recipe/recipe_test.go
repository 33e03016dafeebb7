package recipe

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

func TestInstallerFor(t *testing.T) {
	tests := []struct {
		os   guest.OS
		want Installer
	}{
		{guest.OS{ID: "debian"}, Apt},
		{guest.OS{ID: "ubuntu", Like: []string{"debian"}}, Apt},
		{guest.OS{ID: "linuxmint", Like: []string{"ubuntu", "debian"}}, Apt},
		{guest.OS{ID: "fedora", Version: "7"}, Dnf},
		{guest.OS{ID: "centos", Like: []string{"rhel", "fedora"}, Version: "7"}, Yum},
		{guest.OS{ID: "rocky", Like: []string{"rhel"}, Version: "9.4"}, Dnf},
		{guest.OS{ID: "scientific", Version: "6.10"}, Yum},
		{guest.OS{ID: "opensuse-leap", Like: []string{"suse", "opensuse"}}, Zypper},
		{guest.OS{ID: "alpine"}, Apk},
		{guest.OS{ID: "arch"}, Pacman},
		{guest.OS{ID: "plan9"}, ""},
		{guest.OS{ID: "bun"}, ""}, // no match of a part of a name
	}
	for _, test := range tests {
		got, err := installerFor(test.os)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("installerFor(%+v) = %q, %v; want %q", test.os, got, err, test.want)
		}
	}
}

func TestParseNames(t *testing.T) {
	got, err := ParseNames("nginx, curl,g++:amd64,vim=2:9.0-1,@base,,libfoo>=1.2")
	want := []string{"nginx", "curl", "g++:amd64", "vim=2:9.0-1", "@base", "libfoo>=1.2"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{"-y", "--purge", "a b", "a;reboot", "$(id)", "a\nb", "../x", "'a'"} {
		if got, err := ParseNames(bad); err == nil {
			t.Errorf("ParseNames(%q) = %q", bad, got)
		}
	}
}

func TestParseScript(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"setup.sh", "with space.sh"} {
		if err := os.WriteFile(name, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		line string
		want Script
		bad  bool
	}{
		{line: "setup.sh", want: Script{Path: "setup.sh", Args: []string{}}},
		{line: "setup.sh /a/b 'c d' e,f", want: Script{Path: "setup.sh", Args: []string{"/a/b", "c d", "e,f"}}},
		{line: "with space.sh", want: Script{Path: "with space.sh"}},
		{line: "'with space.sh' x", want: Script{Path: "with space.sh", Args: []string{"x"}}},
		{line: "", bad: true},
		{line: "missing.sh", bad: true},
		{line: "setup.sh 'open", bad: true},
		{line: ".", bad: true},
	}
	for _, test := range tests {
		got, err := ParseScript(test.line)
		if (err != nil) != test.bad {
			t.Errorf("ParseScript(%q): %v", test.line, err)
			continue
		}
		if len(got.Args) == 0 {
			got.Args, test.want.Args = nil, nil
		}
		if diff := cmp.Diff(test.want, got); diff != "" && !test.bad {
			t.Errorf("ParseScript(%q) (-want +got):\n%s", test.line, diff)
		}
	}
}

func TestCopy(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"page", "a:b"} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for text, target := range map[string]string{
		"page:/srv/www/index": "/srv/www/index", "page:/srv/": "/srv/page", "a:b:/x": "/x", "page:/": "/page",
		"page:/a//b/../c": "/a/c",
	} {
		c, err := ParseCopy(text)
		if err != nil || c.target() != target {
			t.Errorf("ParseCopy(%q) goes to %q, %v; want %q", text, c.target(), err, target)
		}
	}
	for _, bad := range []string{"page", "page:rel", ":/x", "missing:/x", ""} {
		if c, err := ParseCopy(bad); err == nil {
			t.Errorf("ParseCopy(%q) = %+v", bad, c)
		}
	}
}

func TestParseVariable(t *testing.T) {
	t.Setenv("STRATUS_TEST_X", "outside")
	for text, want := range map[string]Variable{
		"A=b=c": {"A", "b=c"}, "A=": {"A", ""}, "_x1=é\n": {"_x1", "é\n"}, "STRATUS_TEST_X": {"STRATUS_TEST_X", "outside"},
	} {
		if got, err := ParseVariable(text); err != nil || got != want {
			t.Errorf("ParseVariable(%q) = %q, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "=x", "1A=x", "A B=x", "A;B=x", "STRATUS_TEST_NOT_SET", "A=\x00"} {
		if got, err := ParseVariable(bad); err == nil {
			t.Errorf("ParseVariable(%q) = %q", bad, got)
		}
	}
	if diff := cmp.Diff("export A='it'\\''s'\nexport B=''\n", exports([]Variable{{"A", "it's"}, {"B", ""}})); diff != "" {
		t.Errorf("exports (-want +got):\n%s", diff)
	}
}
