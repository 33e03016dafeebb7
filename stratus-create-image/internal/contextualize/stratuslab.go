package contextualize

import (
	_ "embed"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Shell code for the guest: accessSh lets in the keys in the variables before it,
// beginSh and endSh stand around the user's scripts.
var (
	//go:embed guest/access.sh
	accessSh string
	//go:embed guest/begin.sh
	beginSh string
	//go:embed guest/end.sh
	endSh string
)

// stratusLab returns the files of StratusLab's disk. HEPiX has the same without
// init.sh: prolog.sh runs early in the boot, epilog.sh late.
func (c *Context) stratusLab(scheme Scheme, shared bool) ([]File, error) {
	variables := c.Variables
	if keys := c.keys(); len(keys) > 0 {
		variables = append(variables[:len(variables):len(variables)], Variable{"PUBLIC_KEY", strings.Join(keys, "\n")})
	}
	text, err := contextSh(variables)
	if err != nil {
		return nil, err
	}
	scripts, _ := splitScripts(c.UserData.Parts)
	files := []File{
		{Path: "context.sh", Content: text},
		{Path: "access.sh", Content: []byte(c.access(`"${PUBLIC_KEY-}"`))},
		{Path: "script.sh", Content: []byte(runAll(scripts, shared))},
		{Path: "prolog.sh", Content: entry(HEPiX, "context.sh", "access.sh")},
		{Path: "epilog.sh", Content: entry(HEPiX, "context.sh", "access.sh", "script.sh")},
	}
	if scheme == StratusLab {
		files = append(files, File{Path: "init.sh", Content: entry(StratusLab, "context.sh", "access.sh", "script.sh")})
	}
	return files, nil
}

// entry returns a script that a guest runs or sources. What it sets stays in a
// subshell. Guests mount the disk in different places.
func entry(scheme Scheme, files ...string) []byte {
	b := new(strings.Builder)
	fmt.Fprintf(b, `#!/bin/sh
(
    for stratus_dir in "$(dirname "$0")" /mnt/stratuslab /mnt .; do
        if [ -f "$stratus_dir/access.sh" ]; then break; fi
    done
    stratus_scheme=%s
    set -a
`, scheme)
	for _, file := range files {
		fmt.Fprintf(b, "    . \"$stratus_dir/%s\"\n", file)
		if file == "context.sh" {
			fmt.Fprintln(b, "    set +a")
		}
	}
	fmt.Fprintln(b, ")")
	return []byte(b.String())
}

// access returns shell code that lets in the keys, a shell word, and the build.
func (c *Context) access(keys string) string {
	user, mark, host, hostPublic := "root", "", "", ""
	if c.Seed != nil {
		user, mark, host = c.Seed.User, c.Seed.Mark, strings.TrimSpace(string(c.Seed.HostPEM))
		hostPublic = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(c.Seed.HostKey)))
	}
	return fmt.Sprintf("stratus_keys=%s\nstratus_user=%s\nstratus_mark=%s\nstratus_host_key=%s\nstratus_host_key_pub=%s\n%s",
		keys, quote(user), quote(mark), quote(host), quote(hostPublic), accessSh)
}

// runAll returns shell code that runs the scripts and SCRIPT_EXEC, one after the
// other. With shared, a guest whose cloud-init is at work leaves them to it, as
// another disk holds the same.
func runAll(scripts []Part, shared bool) string {
	b := new(strings.Builder)
	fmt.Fprintf(b, "stratus_shared=%t\n%sstratus_scripts() {\n:\n", shared, beginSh)
	for _, s := range scripts {
		fmt.Fprintf(b, "stratus_script=%s\n%sstratus_report $?\n", quote(s.Name), runScript(s))
	}
	return b.String() + "}\n" + endSh
}
