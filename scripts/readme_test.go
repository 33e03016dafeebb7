// Package scripts_test runs the examples of the README, in its order, in one
// directory. It must know of the tools only what the README says.
package scripts_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// examples are the README's blocks marked as shell.
func examples(t *testing.T, root string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, part := range strings.Split(string(text), "```sh\n")[1:] {
		block, _, ok := strings.Cut(part, "```\n")
		if !ok {
			t.Fatalf("a block of the README has no end: %q", part)
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// goCaches keeps Go's caches where they are, under another HOME.
func goCaches(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return env
}

func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("the examples start real machines (-short)")
	}
	peers.Need(t, "qemu-system-x86_64", "qemu-img", "mmdebstrap", "ssh", "curl", "make", "bash")
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root + "/bin/stratus-create-image"); err != nil {
		peers.Missing(t, "the commands are not built (make build)")
	}
	// What looks like the checkout, and takes what the examples write.
	dir := t.TempDir()
	for _, name := range []string{"scripts", "bin"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, block := range examples(t, root) {
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", block)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+"/bin:"+os.Getenv("PATH"), "HOME="+dir,
			"XDG_DATA_HOME=", "XDG_CACHE_HOME=", "STRATUSLAB_P12_PASSWORD=as typed at the terminal")
		if strings.HasPrefix(block, "make") {
			cmd.Dir = root
			cmd.Env = append(cmd.Env, goCaches(t)...)
		}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		t.Logf("%s%s%s", block, out, stderr.String())
		if err != nil {
			t.Fatalf("the example fails: %v", err)
		}
		if strings.Contains(block, "curl") && string(out) != "<p>Hello, brave new cloud\n" {
			t.Errorf("the page is %q", out)
		}
	}
	for _, name := range []string{"base.xml", "base.xml.orig", "web.xml", "web-2.xml", "web-90.xml", "web-retired.xml"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = xml.Unmarshal(data, new(struct{}))
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"bin/stratus-create-image", "bin/stratus-build-metadata", "bin/stratus-sign-metadata",
		"bin/stratus-upload-metadata",
		"share/man/man1/stratus-create-image.1", "libexec/stratus/boot-image", "libexec/stratus/find-image",
		"libexec/stratus/image-cache", "libexec/stratus/marketplace",
		"libexec/stratus/build-base-image", "libexec/stratus/audit-image", "libexec/stratus/audit-guest.sh",
		"libexec/stratus/check-sealed",
		"libexec/stratus/sealed-paths", "libexec/stratus/base-image/etc/initramfs-tools/hooks/base-image",
		"libexec/stratus/context/stratuslab-context"} {
		if _, err := os.Stat(filepath.Join(dir, ".local", name)); err != nil {
			t.Errorf("installed: %v", err)
		}
	}
}
