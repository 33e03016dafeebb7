package contextualize

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const printed = `==> meta-data <==
{
  "instance-id": "c44881a7-02ed-8235-9845-7ef0042bbe36",
  "public-keys": [
    "ssh-ed25519 AAAA me"
  ],
  "meta": {
    "COLOUR": "it's red"
  }
}

==> user-data <==
#cloud-config
{}
`

func TestText(t *testing.T) {
	c := &Context{Keys: []string{"ssh-ed25519 AAAA me"}, Variables: []Variable{{"COLOUR", "it's red"}}}
	for scheme, want := range map[Scheme]string{
		CloudInit:  printed,
		OpenNebula: "# Context variables\nCOLOUR='it'\\''s red'\nNETWORK='YES'\nSSH_PUBLIC_KEY='ssh-ed25519 AAAA me'\n",
		CloudInitV1: "CONTEXT_METHOD=cloud-init\nCLOUD_INIT_AUTHORIZED_KEYS=" +
			base64.StdEncoding.EncodeToString([]byte("ssh-ed25519 AAAA me\n")) + "\nCOLOUR=it's red\n",
	} {
		files, _, err := c.Files(scheme)
		if diff := cmp.Diff(want, string(Text(files))); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", scheme, err, diff)
		}
	}
}

// TestCloudInitV1 unpacks what the original's clouds did.
func TestCloudInitV1(t *testing.T) {
	want := []byte("#!/bin/sh\necho '\xc3\xa9'\n")
	c := &Context{UserData: UserData{Parts: []Part{{Name: "s", Content: want}}}}
	files, _, err := c.Files(CloudInitV1)
	if err != nil {
		t.Fatal(err)
	}
	_, encoded, _ := strings.Cut(string(files[0].Content), "\nCLOUD_INIT_USER_DATA=")
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(got, want) || !z.ModTime.IsZero() {
		t.Errorf("got %q, %v, of %v", got, err, z.ModTime)
	}
	for _, value := range []string{"a\"b", "a\\b", "a$b", "a\nb", "\u00e9"} {
		c := &Context{Variables: []Variable{{"A", value}}}
		if _, _, err := c.Files(CloudInitV1); err == nil || !strings.Contains(err.Error(), "value of A") {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	files, _, err := new(Context).Files(Auto)
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(dir, files); err != nil {
		t.Fatal(err)
	}
	var got []string
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			relative, _ := filepath.Rel(dir, path)
			got = append(got, relative)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"CONTEXT/context.sh", "_STRATUSLAB/access.sh", "_STRATUSLAB/context.sh", "_STRATUSLAB/epilog.sh",
		"_STRATUSLAB/init.sh",
		"_STRATUSLAB/prolog.sh", "_STRATUSLAB/script.sh", "cidata/meta-data", "cidata/user-data",
		"config-2/openstack/latest/meta_data.json"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if info, err := os.Stat(filepath.Join(dir, want[0])); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := Save(dir, files); !errors.Is(err, fs.ErrExist) {
		t.Errorf("files are replaced: %v", err)
	}
}

// TestSaveRefuses: what cannot be saved as a whole leaves a directory as it was,
// and what a link in it leads to.
func TestSaveRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(dir, outside string) error
		names   string   // what the error is about
		want    []string // in the directory
	}{
		"file in a directory": {func(dir, _ string) error {
			return errors.Join(os.MkdirAll(dir+"/openstack/latest", 0o700), os.WriteFile(dir+"/openstack/latest/user_data", nil, 0o600))
		}, "openstack/latest/user_data", []string{".", "openstack", "openstack/latest", "openstack/latest/user_data"}},
		"file for a directory": {func(dir, _ string) error { return os.WriteFile(dir+"/openstack", nil, 0o600) },
			"openstack/latest", []string{".", "openstack"}},
		"link to a directory": {func(dir, outside string) error { return os.Symlink(outside, dir+"/openstack") },
			"openstack/latest", []string{".", "openstack"}},
		"link as a file": {func(dir, outside string) error { return os.Symlink(outside+"/new", dir+"/z") }, "z",
			[]string{".", "z"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			if err := test.prepare(dir, outside); err != nil {
				t.Fatal(err)
			}
			err := Save(dir, []File{{Path: "a"}, {Path: "new/b"}, {Path: "openstack/latest/meta_data.json"},
				{Path: "openstack/latest/user_data"}, {Path: "z"}})
			if err == nil || !strings.Contains(err.Error(), dir+"/"+test.names) {
				t.Errorf("error %v, want one about %q", err, test.names)
			}
			if diff := cmp.Diff(test.want, tree(t, dir)); diff != "" {
				t.Errorf("after %v (-want +got):\n%s", err, diff)
			}
			if diff := cmp.Diff([]string{"."}, tree(t, outside)); diff != "" {
				t.Errorf("outside, after %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// tree is what is in a directory, below and including it.
func tree(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestParseScheme(t *testing.T) {
	for _, s := range []Scheme{Auto, CloudInit, NoCloud, ConfigDrive, OpenNebula, StratusLab, HEPiX, None} {
		if got, err := ParseScheme(string(s)); got != s || err != nil {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	if _, err := ParseScheme("cloud-init-v1"); err == nil {
		t.Error("a machine is started with cloud-init.txt")
	}
	if _, err := ParsePrintable("none"); err == nil {
		t.Error("nothing is printed")
	}
	if s, err := ParsePrintable("cloud-init-v1"); s != CloudInitV1 || err != nil {
		t.Error(s, err)
	}
}
