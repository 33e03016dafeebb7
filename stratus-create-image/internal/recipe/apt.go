package recipe

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// aptVariable names the file that apt reads before all other settings.
const aptVariable = "APT_CONFIG"

// writeAptConfig writes settings that win over the guest's to files in the
// private directory, whose names begin with name, and returns the variable that
// makes apt read them. apt reads the file of the variable first, and what that
// names as its main file last.
func writeAptConfig(ctx context.Context, g *guest.Guest, dir *guest.Dir, label, name, settings string) (Variable, error) {
	first, added, main := name+".conf", name+"-added.conf", path.Join(dir.Path, name+"-main.conf")
	if err := dir.Write(ctx, first, strings.NewReader(fmt.Sprintf("Dir::Etc::main %q;\n", main)), 0o644); err != nil {
		return Variable{}, err
	}
	if err := dir.Write(ctx, added, strings.NewReader("\n"+settings), 0o644); err != nil {
		return Variable{}, err
	}
	command := "{ cat /etc/apt/apt.conf 2>/dev/null; " + shell.Join("cat", path.Join(dir.Path, added)) + "; } > " + shell.Quote(main)
	return Variable{aptVariable, path.Join(dir.Path, first)}, g.Run(ctx, label, command)
}

func aptProxy(proxy Proxy) string {
	return fmt.Sprintf("Acquire::http::Proxy %q;\nAcquire::https::Proxy %q;\n", proxy, proxy)
}

const mirrorLabel = "using a mirror"

// copySources writes copies of the guest's sources with the mirrors' URLs to the
// private directory, and returns the settings that make apt read those.
func (m Mirrors) copySources(ctx context.Context, g *guest.Guest, dir *guest.Dir) (settings string, err error) {
	const place, parts = "sources", "sources/sources.list.d"
	for _, name := range []string{place, parts} {
		if err := dir.Mkdir(ctx, name); err != nil {
			return "", err
		}
	}
	list, err := g.Output(ctx, mirrorLabel, "cd /etc/apt && ls -d sources.list sources.list.d/*.list sources.list.d/*.sources 2>/dev/null || true")
	if err != nil {
		return "", err
	}
	used := false
	for _, name := range strings.Fields(list) {
		text, err := readSources(ctx, g, path.Join("/etc/apt", name))
		if err != nil {
			return "", fmt.Errorf("using the mirror %s in %q: %w", m, name, err)
		}
		rewritten := m.rewrite(text)
		used = used || rewritten != text
		if err := dir.Write(ctx, path.Join(place, name), strings.NewReader(rewritten), 0o644); err != nil {
			return "", err
		}
	}
	if !used {
		return "", fmt.Errorf("using the mirror %s: no source of the guest has such an archive", m)
	}
	return fmt.Sprintf("Dir::Etc::sourcelist %q;\nDir::Etc::sourceparts %q;\n",
		path.Join(dir.Path, place, "sources.list"), path.Join(dir.Path, parts)), nil
}

func readSources(ctx context.Context, g *guest.Guest, file string) (string, error) {
	const limit = 32 << 10
	text, err := g.Output(ctx, mirrorLabel, shell.Join("head", "-c", fmt.Sprint(limit+1), file))
	if err == nil && len(text) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return text, err
}

// forgetLists removes the lists of packages, which name the mirrors.
func forgetLists(ctx context.Context, g *guest.Guest) error {
	return g.Run(ctx, mirrorLabel, "rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin")
}
