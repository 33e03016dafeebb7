package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/peers"
)

// Ctrl-C reaches every process that has the terminal; while an editor is open
// it is meant for the editor, and must not end the command around it.
func TestInterruptInEditor(t *testing.T) {
	dir := t.TempDir()
	out, ready, editor := filepath.Join(dir, "out.xml"), filepath.Join(dir, "ready"), filepath.Join(dir, "editor.sh")
	const script = `trap 'sed -i "s/>base</>interrupted</" "$1"; exit 0' INT
echo >"$READY"
read key
`
	if err := os.WriteFile(editor, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	peers.Need(t, "sed")
	master, slave := peers.Terminal(t)
	cmd := commandtest.Process(t, []string{"HOME=" + dir, "TMPDIR=" + dir, "READY=" + ready, "VISUAL=", "EDITOR=sh " + editor},
		"--edit", "--draft", commandtest.Vectors+"/comment.xml", "-o", out)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(ready); err != nil {
		t.Fatal(err)
	}
	if _, err := master.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if err != nil {
		shown := make([]byte, 1<<10)
		n, _ := master.Read(shown)
		t.Errorf("the command ended with %v, and the terminal shows %q", err, shown[:n])
	}
	text, err := os.ReadFile(out)
	if want := "<dcterms:type>interrupted</dcterms:type>"; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("%s: %v, want %s in %s", out, err, want, text)
	}
}
