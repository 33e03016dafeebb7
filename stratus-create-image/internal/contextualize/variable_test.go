package contextualize

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

var shells = []string{"sh", "bash", "dash", "busybox sh"}

// source lets a shell read context.sh and print the variables, each with a NUL
// after it.
func source(t testing.TB, shell string, text []byte, names []string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "context.sh"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := "set -eu; . ./context.sh\n"
	for _, name := range names {
		command += `printf '%s\0' "$` + name + "\"\n"
	}
	argv := strings.Fields(shell)
	cmd := exec.Command(argv[0], append(argv[1:], "-c", command)...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v: %s", shell, err, &stderr)
	}
	return string(out)
}

func TestShells(t *testing.T) {
	text, err := contextSh(hostile)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var want strings.Builder
	for _, v := range hostile {
		names = append(names, v.Name)
		want.WriteString(v.Value + "\x00")
	}
	for _, shell := range shells {
		peers.Need(t, strings.Fields(shell)[0])
		if diff := cmp.Diff(want.String(), source(t, shell, text, names)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", shell, diff)
		}
	}
}

// FuzzVariable lets a real shell read back every value that is accepted.
func FuzzVariable(f *testing.F) {
	for _, v := range hostile {
		f.Add(v.Name + "=" + v.Value)
	}
	peers.Need(f, "dash")
	f.Fuzz(func(t *testing.T, text string) {
		variables, err := ParseVariables([]string{text})
		if err != nil {
			return
		}
		sh, err := contextSh(variables)
		if err != nil {
			t.Fatal(err)
		}
		if got := source(t, "dash", sh, []string{variables[0].Name}); got != variables[0].Value+"\x00" {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}

func TestParseVariables(t *testing.T) {
	got, err := ParseVariables([]string{"A=b=c", "_x9=", "SCRIPT_EXEC=id"})
	if diff := cmp.Diff([]Variable{{"A", "b=c"}, {"_x9", ""}, {"SCRIPT_EXEC", "id"}}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for text, want := range map[string]string{
		"A": "NAME=VALUE", "=b": "letters, digits", "1A=b": "letters, digits", "A B=c": "letters, digits", "A\n=b": "letters, digits",
		"$(id)=b": "letters, digits", "\u00c9=b": "letters, digits", "PUBLIC_KEY=b": "the context sets this",
		"ETH0_IP=b":  "the context sets this",
		"USERDATA=b": "the context sets this", "START_SCRIPT=b": "the context sets this",
		"CLOUD_INIT_USER_DATA=b": "the context sets this",
		"PATH=b":                 "the guest's shell", "BASH_ENV=b": "the guest's shell", "LD_PRELOAD=b": "the guest's shell",
		"IFS=b":    "the guest's shell",
		"A=b\x00c": "NUL", "A=\xff": "UTF-8", "A=" + strings.Repeat("x", 1<<20): "at most 131071",
	} {
		if _, err := ParseVariables([]string{text}); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if _, err := ParseVariables([]string{"A=b", "A=c"}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
	large := make([]string, 9)
	for i := range large {
		large[i] = "A" + string(rune('0'+i)) + "=" + strings.Repeat("x", 125000)
	}
	if _, err := ParseVariables(large); err == nil || !strings.Contains(err.Error(), "at most 1048576 bytes") {
		t.Error(err)
	}
}
