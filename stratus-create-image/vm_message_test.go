package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
)

// hostile are values that somebody on the way could take for more than a value.
var hostile = []struct{ name, value string }{
	{"QUOTES", `'"'"'\'$(touch /tmp/x)` + "`id`" + `${HOME}\\"`},
	{"LINES", "\n\nA='b'\nexport C\n'; exit\n"},
	{"MARKERS", "==> context.sh <==\n--\nSTRATUS\nEOF\n_start_"},
	{"CR", "a\r\nb\r"},
	{"EMPTY", ""},
	{"COMMAS", "a,b=c,"},
	{"DASH", "-n -e \\c %s %%"},
	{"UTF8", "h\u00e9\u4e16\U0001f600\u0085\u2028"},
	{"CONTROL", "\x01\x02\x1b[31m\x7f\t\v\f"},
	{"PATTERNS", "# ! ~ * ? [a] {b,c} & | ; < >"},
	{"LARGE", strings.Repeat("'\n$", 50_000)[:131_071-len("LARGE=")]}, // no program can be started with more
}

// message is what a machine is told, in files in a directory of its own.
type message struct {
	scheme string
	dir    string
	files  []string
	script []byte // prints its own digest
	key    string // the line for authorized_keys
}

// The user data beside the script.
const (
	config = "#cloud-config\nwrite_files:\n- path: /run/told/config\n  content: \"by cloud-init\\n\"\n"
	// What the message's variables are where no program keeps them.
	environ = "#!/bin/sh\nmkdir -p /run/told\ncat /proc/self/environ >/run/told/environ\n"
)

// valuesScript prints the digests of variables that the machine was told.
//
//go:embed testdata/context/values.py
var valuesScript string

// newMessage makes a message: with as much user data as is allowed, but for
// OpenNebula, whose programs take less.
func newMessage(t *testing.T, scheme string) *message {
	t.Helper()
	peers.Need(t, "ssh-keygen")
	m := &message{scheme: scheme, dir: t.TempDir()}
	m.files = []string{"key", "key.pub", "config", "environ.sh", "values.py", scriptName}
	key := filepath.Join(m.dir, "key")
	output(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "it's \"$(me)\" under "+scheme, "-f", key)
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	m.key = strings.TrimSuffix(string(public), "\n")
	size := contextualize.MaxUserData
	if scheme == "opennebula" {
		size = 64 << 10
	}
	m.script = newScript(size - len(public) - len(config) - len(environ))
	writeFile(t, m.dir+"/config", config, 0o600)
	writeFile(t, m.dir+"/environ.sh", environ, 0o600)
	writeFile(t, m.dir+"/values.py", valuesScript, 0o755)
	writeFile(t, m.dir+"/"+scriptName, string(m.script), 0o600)
	return m
}

// scriptName is the name of a file that is not a good one for a file.
const scriptName = "it's #1 \"$(touch x)\".sh"

// newScript makes a script of a size. After its last command it has every byte
// and much that ends other texts.
func newScript(size int) []byte {
	script := []byte("#!/bin/sh\nmkdir -p /run/told\nsha256sum <\"$0\" >/run/told/script\nexit\n")
	for c := range 256 {
		script = append(script, byte(c))
	}
	for _, v := range hostile[:len(hostile)-1] {
		script = append(script, v.value...)
	}
	return append(script, bytes.Repeat([]byte{0}, size-len(script))...)
}

// args are the command's arguments: what tells the machine, and what prints
// what it was told.
func (m *message) args(more ...string) []string {
	args := []string{
		"--no-warm", "--context", m.scheme, "--ram", "700",
		"--user-data", "x-shellscript," + scriptName, "--user-data", "ssh,key.pub#cloud-config,config", "--user-data", "environ.sh",
	}
	values := "values.py"
	for _, v := range hostile {
		args = append(args, "--context-var", v.name+"="+v.value)
		values += " " + v.name
	}
	args = append(args, "-s", values, "--run", "cd /run/told; cut -d ' ' -f 1 script; cat config 2>/dev/null || echo no config",
		"--copy", "key.pub:/run/key.pub", "--run", "grep -xFf /run/key.pub /root/.ssh/authorized_keys")
	return append(args, more...)
}

// want returns the lines that the machine must print. Only cloud-init
// understands the config.
func (m *message) want(cloudInit bool) []string {
	var lines []string
	for _, v := range hostile {
		lines = append(lines, fmt.Sprintf("%s %x", v.name, sha256.Sum256([]byte(v.value))))
	}
	said := "no config"
	if cloudInit {
		said = "by cloud-init"
	}
	return append(lines, fmt.Sprintf("%x", sha256.Sum256(m.script)), said, m.key)
}
