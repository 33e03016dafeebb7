package command

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConfigSection(t *testing.T) {
	path := home(t, "[default]\n[instance_types]\nBig.One = 8, 16, 0\nodd%%name = 1, 2, 3\n")
	var types, none map[string]string
	var got string
	c := settled()
	c.Action = func(c *Call) error {
		types, none, got = c.Config.Section("instance_types"), c.Config.Section("none"), c.Config.path
		return nil
	}
	if r := runCommand(t, c); r.Code != ExitDone {
		t.Fatalf("%+v", r)
	}
	if diff := cmp.Diff(map[string]string{"big.one": "8, 16, 0", "odd%%name": "1, 2, 3"}, types); diff != "" {
		t.Errorf("instance_types (-want +got):\n%s", diff)
	}
	if none != nil || got != path {
		t.Errorf("no such section: %v; path %q, want %q", none, got, path)
	}
}

func TestConfigValue(t *testing.T) {
	home(t, "[default]\nP12_Password = 50%%\nblank =\n[other]\nmore = 1\n")
	type answer struct {
		Value string
		OK    bool
	}
	got := make(map[string]answer)
	c := settled()
	c.Action = func(c *Call) error {
		for _, key := range []string{"p12_password", "blank", "more", "none"} {
			value, ok := c.Config.values[key]
			got[key] = answer{value, ok}
		}
		return nil
	}
	if r := runCommand(t, c, "-S", "other"); r.Code != ExitDone {
		t.Fatalf("%+v", r)
	}
	want := map[string]answer{"p12_password": {"50%", true}, "blank": {"", true}, "more": {"1", true}, "none": {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPath(t *testing.T) {
	dir := filepath.Dir(filepath.Dir(home(t, "[default]\np12_password = ~/secret\n")))
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, filepath.Join(dir, "secret")},
		{[]string{"--p12-password", "~/as typed"}, "~/as typed"},
		{[]string{"--p12-password", "plain"}, "plain"},
	} {
		c := settled()
		c.Action = func(call *Call) error {
			if got := call.Path("p12-password"); got != test.want {
				t.Errorf("%q: %q, want %q", test.args, got, test.want)
			}
			return nil
		}
		var out strings.Builder
		if code := Run(t.Context(), c, test.args, Streams{In: strings.NewReader(""), Out: &out, Err: &out}); code != 0 {
			t.Errorf("%q: exit code %d: %s", test.args, code, out.String())
		}
	}
}
