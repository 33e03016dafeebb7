package userdata

import "strings"

// Scripts gives the parts that a guest without cloud-init can run, and the
// names of the others.
func Scripts(parts []Part) (scripts []Part, others []string) {
	for _, p := range parts {
		if content, err := gunzip(p.Content); err == nil && p.Type == "" {
			p.Content = content
		}
		if strings.HasPrefix(p.kind(), "x-shellscript") {
			scripts = append(scripts, p)
		} else {
			others = append(others, p.Name)
		}
	}
	return scripts, others
}

// Run is a POSIX shell command that runs a script, whatever bytes that is made
// of, and ends with its exit status. /run and /tmp may be mounted noexec.
func Run(script Part) string {
	return `(
    umask 077
    dir=$(mktemp -d /var/tmp/stratus.XXXXXX) || exit
    trap 'rm -rf "$dir"' EXIT
    base64 -d >"$dir/` + safeName(script.Name) + `" <<'STRATUS' || exit
` + wrapped(script.Content) + `STRATUS
    chmod 700 "$dir/` + safeName(script.Name) + `" && "$dir/` + safeName(script.Name) + `" </dev/null
)
`
}
