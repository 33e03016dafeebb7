package contextualize

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inFiles writes the typedFile contents to a directory and goes there.
func inFiles(t *testing.T, contents map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range contents {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseValue(t *testing.T) {
	for _, c := range []struct {
		value string
		want  []typedFile
	}{
		{"file", []typedFile{{"", "file"}}},
		{"./a,b", []typedFile{{"", "./a,b"}}},
		{"Dir,b", []typedFile{{"", "Dir,b"}}},
		{",b", []typedFile{{"", ",b"}}},
		{"a#b", []typedFile{{"", "a#b"}}},
		{"ssh,", []typedFile{{"", "ssh,"}}},
		{"x-shellscript,a,b", []typedFile{{"x-shellscript", "a,b"}}},
		{"text/cloud-config,c", []typedFile{{"cloud-config", "c"}}},
		{"include-url,u", []typedFile{{"x-include-url", "u"}}},
		{"ssh,#k", []typedFile{{"ssh", "#k"}}},
		{"ssh,k#x-shellscript,s", []typedFile{{"ssh", "k"}, {"x-shellscript", "s"}}},
		{"x-shellscript,a#1.sh", []typedFile{{"x-shellscript", "a#1.sh"}}},
		{"x-shellscript,a#1#none,b", []typedFile{{"x-shellscript", "a#1"}, {"none", "b"}}},
	} {
		if diff := cmp.Diff(c.want, parseValue(c.value), cmp.AllowUnexported(typedFile{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.value, diff)
		}
	}
}

func FuzzParseValue(f *testing.F) {
	for _, s := range []string{"file", "ssh,k#none,f", "a,b#c", "#,#", "0,#", ",", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		all := parseValue(value)
		left := value // what is told is in the value: here from its end
		for _, n := range slices.Backward(all) {
			before, ok := strings.CutSuffix(left, n.file)
			if !ok || strings.ContainsAny(n.kind, "/#,\n\r:;\"") || n.kind == "" && before != "" {
				t.Fatalf("%q gave %q", value, all)
			}
			left = before[:max(strings.LastIndex(before, "#"), 0)]
		}
		if len(all) == 0 || left != "" {
			t.Fatalf("%q gave %q, and %q is left", value, all, left)
		}
	})
}

func TestReadUserData(t *testing.T) {
	inFiles(t, map[string]string{
		"a.sh": "#!/bin/sh\n", "c.yaml": "#cloud-config\n{}\n",
		"keys": "Comment: mine\n\n" + plainKey + " me\n" + plainKey + " you\r\n", "odd": "hello\n",
		"none": "\xff\x00",
	})
	d, err := ReadUserData(t.Context(), []string{"a.sh", "ssh,keys#cloud-config,c.yaml", "x-shellscript,c.yaml", "x-odd,odd"})
	if err != nil {
		t.Fatal(err)
	}
	want := UserData{
		Keys: []string{plainKey + " me", plainKey + " you"},
		Parts: []Part{
			{"a.sh", "", []byte("#!/bin/sh\n")}, {"c.yaml", "cloud-config", []byte("#cloud-config\n{}\n")},
			{"c.yaml", "x-shellscript", []byte("#cloud-config\n{}\n")}, {"odd", "x-odd", []byte("hello\n")},
		},
		Warnings: []string{`user data "c.yaml": it begins as the type "cloud-config" does, not "x-shellscript"`,
			`user data "odd": cloud-init does not know the type "x-odd"`},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	scripts, others := splitScripts(d.Parts)
	if len(scripts) != 1 || scripts[0].Name != "a.sh" || !slices.Equal(others, []string{"c.yaml", "c.yaml", "odd"}) {
		t.Errorf("scripts %v, others %v", scripts, others)
	}
	if d, err := ReadUserData(t.Context(), []string{"none,none", "ssh,keys"}); err != nil || len(d.Keys) != 2 ||
		string(d.Parts[0].Content) != "\xff\x00" {
		t.Errorf("none: %+v, %v", d, err)
	}
}

func TestUserDataRefused(t *testing.T) {
	inFiles(t, map[string]string{
		"a": "#!/bin/sh\n", "big": "#!" + strings.Repeat("x", MaxUserData), "half": "#!" + strings.Repeat("x", MaxUserData/2),
		"nokey": "Comment: none\n", "badkey": "ssh-rsa !!\n", "control": plainKey + " a\x1bb\n",
		"binary": "#cloud-config\n\xff", "bomb": zeros(t),
	})
	for _, c := range []struct {
		values []string
		want   string
	}{
		{[]string{"missing"}, "no such file"},
		{[]string{"none,a", "none,a"}, "as it is, not 2 files"},
		{[]string{"none,a", "a"}, "as it is, not 2 files"},
		{[]string{"big"}, "at most 1048576 bytes"},
		{[]string{"half", "half"}, "at most 1048576 bytes"},
		{[]string{"ssh,nokey"}, "no public key"},
		{[]string{"ssh,badkey"}, "reading the public key"},
		{[]string{"ssh,control"}, "control characters"},
		{[]string{"binary"}, "not valid UTF-8"},
		{[]string{"bomb"}, "decompressed, at most 1048576 bytes"},
	} {
		if _, err := ReadUserData(t.Context(), c.values); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.values, err, c.want)
		}
	}
	if _, err := ReadUserData(t.Context(), []string{filepath.Join(t.TempDir())}); err == nil {
		t.Error("a directory is read")
	}
}

// TestReadPipes reads what a shell's <(command) is, and a typedFile pipe.
func TestReadPipes(t *testing.T) {
	inFiles(t, nil)
	if err := syscall.Mkfifo("fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	written := make(chan error)
	go func() {
		_, err := io.WriteString(w, "#!/bin/sh\n")
		written <- errors.Join(err, w.Close(), os.WriteFile("fifo", []byte("#cloud-config\n{}\n"), 0o600))
	}()
	d, err := ReadUserData(t.Context(), []string{fmt.Sprintf("/dev/fd/%d", r.Fd()), "fifo"})
	if err := errors.Join(err, <-written); err != nil {
		t.Fatal(err)
	}
	want := []Part{{fmt.Sprint(r.Fd()), "", []byte("#!/bin/sh\n")}, {"fifo", "", []byte("#cloud-config\n{}\n")}}
	if diff := cmp.Diff(want, d.Parts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// zeros is much in little.
func zeros(t *testing.T) string {
	t.Helper()
	packed, err := compress(make([]byte, MaxUserData+1))
	if err != nil {
		t.Fatal(err)
	}
	return string(packed)
}
