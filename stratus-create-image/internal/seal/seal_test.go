package seal

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/shell"
)

// plan returns a plan without the named items.
func plan(t *testing.T, without ...string) *Plan {
	t.Helper()
	var off []Item
	for _, name := range without {
		item, err := ParseItem(name)
		if err != nil {
			t.Fatal(err)
		}
		off = append(off, item)
	}
	return NewPlan(off, nil)
}

func TestNewPlan(t *testing.T) {
	p := plan(t, "logs", "tmp")
	var names []string
	for _, item := range p.Items {
		names = append(names, item.Name)
	}
	want := []string{
		"package-cache", "cloud-init", "dhcp", "network", "udev-net", "blkid", "random-seed", "ssh-host-keys", "machine-id",
		"registrations",
		"server-data", "cron", "mail", "crash-data", "passwd-backups", "backup-files", "history", "login-records",
		"selinux-labels", "ssh-keys",
		"ssh-dirs", "account",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if _, err := ParseItem("rust"); err == nil || !strings.Contains(err.Error(), "ssh-host-keys") {
		t.Errorf("an unknown item: %v", err)
	}
	for _, good := range []string{"/opt/x*", "/srv/dir/"} {
		if got, err := ParsePath(good); err != nil || string(got) != good {
			t.Errorf("ParsePath(%q) = %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"", "/", "//", "etc/x", "/*", "/a/../b", "/a/..", "/e?c", "./x"} {
		if _, err := ParsePath(bad); err == nil {
			t.Errorf("the path %q is taken", bad)
		}
	}
}

// TestScriptsParse has a shell check the syntax of the pass, and of every item. An
// ssh server must take a command of 32 KiB with all that goes with it.
func TestScriptsParse(t *testing.T) {
	steps, err := NewPlan(nil, []Path{"/opt/*"}).steps("ssh-ed25519 AAAA")
	if err != nil {
		t.Fatal(err)
	}
	whole := compose(steps)
	if out, err := exec.Command("sh", "-n", "-c", whole).CombinedOutput(); err != nil {
		t.Errorf("the pass: %v: %s", err, out)
	}
	if n := len(shell.Quote(whole)); n > 30<<10 {
		t.Errorf("the pass has %d bytes", n)
	}
	for _, item := range items {
		if out, err := exec.Command("sh", "-n", "-c", item.script()).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", item.Name, err, out)
		}
		if item.What == "" || strings.ContainsAny(item.Name, " ,") {
			t.Errorf("item %q (%q)", item.Name, item.What)
		}
	}
}

// TestSealedPaths checks the form of the list, and that each of its items, and
// each item but those that are code alone, has lines.
func TestSealedPaths(t *testing.T) {
	form := regexp.MustCompile(`^(-|[a-z-]+) +(-|[a-z-]+) +(-|[a-z-]+)( +[!=?]?~?/[^ '"$]+)+$`)
	listed := map[string]bool{"-": true, "tmp": true, "selinux-labels": true, "account": true}
	for line := range strings.Lines(sealedPaths) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !form.MatchString(line) {
			t.Errorf("the line %q", line)
		}
		listed[strings.Fields(line)[0]] = true
	}
	for _, name := range Names() {
		if !listed[name] {
			t.Errorf("%s has no paths", name)
		}
		delete(listed, name)
	}
	if delete(listed, "-"); len(listed) > 0 {
		t.Errorf("no such items: %v", listed)
	}
}

func TestWriteTable(t *testing.T) {
	var b strings.Builder
	if err := WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		if !regexp.MustCompile(`(?m)^` + name + ` +on +\S`).MatchString(b.String()) {
			t.Errorf("no row for %s in\n%s", name, b.String())
		}
	}
}
