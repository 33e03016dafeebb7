package seal

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

const checkSealed = "../../../scripts/check-sealed"

// operations are the table of the checker: of each operation of virt-sysprep the
// patterns of what it removes, or a reason.
func operations(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command(checkSealed, "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	table := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		operation, pattern, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("the checker's line %q", line)
		}
		table[operation] = append(table[operation], pattern)
	}
	return table
}

// TestOperations compares with the real tool: whatever it does unless told
// otherwise is known here.
func TestOperations(t *testing.T) {
	peers.Need(t, "virt-sysprep")
	out, err := exec.Command("virt-sysprep", "--list-operations").Output()
	if err != nil {
		t.Fatal(err)
	}
	table, count := operations(t), 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[1] != "*" {
			continue
		}
		count++
		if len(table[fields[0]]) == 0 {
			t.Errorf("%s is enabled by default, and nobody knows what it removes", fields[0])
		}
	}
	if count < 30 {
		t.Errorf("virt-sysprep enables only %d operations", count)
	}
}

// plant makes a file for every pattern of the table.
func plant(t *testing.T) (command string, paths int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("set -e; put() { mkdir -p \"${1%/*}\"; rm -f \"$1\"; printf '%s\\n' \"$2\" >\"$1\"; }\n")
	for _, patterns := range operations(t) {
		for _, p := range patterns {
			content := "planted"
			switch {
			case strings.HasPrefix(p, "-"):
				continue
			case strings.HasPrefix(p, "="):
				p = p[1:]
			case strings.HasPrefix(p, "?"):
				p, content, _ = strings.Cut(p[1:], "|")
				content = strings.NewReplacer("^", "", "(DHCP_)?", "DHCP_").Replace(content) + "x"
			}
			// Two of each, one of them deeper where any depth is meant.
			for _, name := range []string{"planted", "other"} {
				path := strings.NewReplacer("**", "deep/"+name, "*/", "dir/", "*", name).Replace(p)
				if strings.Count(p, "*") == 0 && name == "other" {
					continue
				}
				if strings.Contains(content, "=") {
					path = strings.ReplaceAll(p, "*", name+strings.ToLower(content[:4]))
				}
				b.WriteString("put '" + path + "' '" + content + "'\n")
				paths++
			}
		}
	}
	return b.String(), paths
}

// check runs the checker on the guest's tree, from within.
func check(t *testing.T, g *guest.Guest) (findings []string) {
	t.Helper()
	dir, err := g.MakeDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"check-sealed", "sealed-paths"} {
		if err := dir.Upload(t.Context(), filepath.Join(filepath.Dir(checkSealed), name), name); err != nil {
			t.Fatal(err)
		}
	}
	// The files of the checker are not in the tree while it looks.
	sandboxtest.Output(t, g, shell.Join("mv", dir.Path, "/run/checker"))
	out := sandboxtest.Output(t, g, "bash /run/checker/check-sealed --tree / || true; rm -rf /run/checker")
	for line := range strings.Lines(out) {
		if strings.Contains(line, "FOUND") || strings.Contains(line, "UNKNOWN") {
			findings = append(findings, strings.TrimSpace(line))
		}
	}
	if !strings.Contains(out, "yum-uuid") {
		t.Fatalf("the checker says %q", out)
	}
	return findings
}

// TestApply plants whatever virt-sysprep would remove, seals, and has the
// checker look for it.
func TestApply(t *testing.T) {
	peers.Need(t, "virt-sysprep")
	s := sandboxtest.Start(t)
	g := s.Login("root")
	command, paths := plant(t)
	command += `mkdir -p /etc/selinux/targeted/policy; echo SELINUX=enforcing >/etc/selinux/config
echo >/etc/selinux/targeted/policy/policy.33
put /var/log/nginx/access.log planted; put /etc/sysconfig/network-scripts/ifcfg-eth9 "BOOTPROTO=dhcp"`
	sandboxtest.Output(t, g, command)
	if before := check(t, g); len(before) < 30 || paths < 150 {
		t.Fatalf("%d paths are planted, and the checker finds %q", paths, before)
	}
	p := plan(t)
	if err := p.Apply(t.Context(), g, "ssh-ed25519 AAAAnotthere", t.Logf); err != nil {
		t.Fatal(err)
	}
	if after := check(t, g); len(after) > 0 {
		t.Errorf("after sealing:\n%s", strings.Join(after, "\n"))
	}
	got := sandboxtest.Output(
		t,
		g,
		"ls /.autorelabel; wc -c </var/log/nginx/access.log; cat /etc/sysconfig/network-scripts/ifcfg-eth9; ls -d "+
			"/var/spool/cron /var/mail/ /etc/passwd /etc/shadow",
	)
	if want := "/.autorelabel\n0\nBOOTPROTO=dhcp\n/etc/passwd\n/etc/shadow\n/var/mail/\n/var/spool/cron\n"; got != want {
		t.Errorf("what stays: %q, want %q", got, want)
	}
}

// TestItems takes one item after the other out of the plan: for each that an
// operation of virt-sysprep stands for, the checker finds what it left.
func TestItems(t *testing.T) {
	peers.Need(t, "virt-sysprep")
	command, _ := plant(t)
	for item, operation := range map[string]string{"cron": "cron-spool", "network": "net-hwaddr",
		"registrations": "yum-uuid", "ssh-dirs": "ssh-userdir"} {
		s := sandboxtest.Start(t)
		g := s.Login("root")
		sandboxtest.Output(t, g, command)
		p := plan(t, item)
		if err := p.Apply(t.Context(), g, "ssh-ed25519 AAAAnotthere", t.Logf); err != nil {
			t.Fatal(err)
		}
		if found := check(t, g); !slices.ContainsFunc(
			found,
			func(line string) bool { return strings.HasPrefix(line, operation+" ") },
		) {
			t.Errorf("without %s the checker finds %q, want %s", item, found, operation)
		}
	}
}

// TestLastCommand removes an account while it is logged in, and leaves another
// that has the name only.
func TestLastCommand(t *testing.T) {
	peers.Need(t, "sudo", "useradd", "userdel")
	p := plan(t)
	const mark = "stratus build 0123456789"
	for _, test := range []struct {
		comment string
		want    string
	}{
		{mark, "end\nstratus-two ALL=(ALL) NOPASSWD:ALL\n"},
		{"Some Body", "end\nstratus-one:Some Body:/home/stratus-one\n/home/stratus-one\n/etc/passwd-\n/etc/shadow\n" +
			"/etc/group\nstratus-two ALL=(ALL) NOPASSWD:ALL\nstratus-one ALL=(ALL) NOPASSWD:ALL\n"},
	} {
		s := sandboxtest.Start(t)
		root := s.Login("root")
		sandboxtest.Output(
			t,
			root,
			"set -e; useradd -m -s /bin/sh -p x -c '"+mark+"' stratus-two; useradd -m -s /bin/sh -p x -c '"+test.comment+`' stratus-one
usermod -c stratus-two stratus-two
mkdir -p /etc/sudoers.d
printf '# Created by cloud-init\nstratus-two ALL=(ALL) NOPASSWD:ALL\n' >/etc/sudoers.d/90-cloud-init-users
printf '# User rules for stratus-one\nstratus-one ALL=(ALL) NOPASSWD:ALL\n' >>/etc/sudoers.d/90-cloud-init-users`,
		)
		g := s.Login("stratus-one")
		command, err := p.LastCommand(Account{"stratus-one", mark}, "echo end")
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.Output(t.Context(), "the end", command)
		if err != nil {
			t.Errorf("%v\n%s", err, got)
		}
		got = got[strings.LastIndex("\n"+got, "\nend"):]
		got += sandboxtest.Output(
			t,
			root,
			"grep ^stratus-one: /etc/passwd | cut -d: -f1,5,6; ls -d /home/stratus-one 2>/dev/null; grep -l stratus-one "+
				"/etc/passwd- /etc/shadow /etc/group 2>/dev/null; grep -v '^#' /etc/sudoers.d/90-cloud-init-users",
		)
		if got != test.want {
			t.Errorf("an account with the comment %q:\n%swant\n%s", test.comment, got, test.want)
		}
	}
	if c, err := p.LastCommand(Account{Name: "root"}, "poweroff"); c != "poweroff" || err != nil {
		t.Errorf("for root: %q, %v", c, err)
	}
	for _, bad := range []Account{{"a;id", mark}, {"", mark}, {"stratus-one", ""}, {"stratus-one", "a\nlong mark"}} {
		if c, err := p.LastCommand(bad, "poweroff"); err == nil {
			t.Errorf("%+v gives %q", bad, c)
		}
	}
}

// TestLastCommandFails keeps the machine from going down when the account is
// still there.
func TestLastCommandFails(t *testing.T) {
	peers.Need(t, "useradd")
	s := sandboxtest.Start(t)
	g := s.Login("root")
	p := plan(t)
	const mark = "stratus build 0123456789"
	sandboxtest.Output(t, g, "useradd -M -d /proc/1 -c '"+mark+"' stratus-one")
	command, err := p.LastCommand(Account{"stratus-one", mark}, "echo end")
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Output(t.Context(), "the end", command)
	if !StillThere(err) || strings.Contains(out, "end\n") {
		t.Errorf("removing an account whose home cannot go: %q, %v", out, err)
	}
}
