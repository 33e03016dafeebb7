package userdata

import "strings"

// named is one file of a value; kind is empty where none is told.
type named struct{ kind, file string }

// parseValue splits one --user-data. It is FILE where no type comes before the
// first comma; # joins pairs only where there is a pair on both sides.
func parseValue(value string) []named {
	whole, ok := parsePair(value)
	if !ok {
		return []named{{file: value}}
	}
	pieces := strings.Split(whole.file, "#")
	all := []named{{whole.kind, pieces[0]}}
	for _, piece := range pieces[1:] {
		last := &all[len(all)-1]
		if n, ok := parsePair(piece); ok && last.file != "" {
			all = append(all, n)
		} else { // the # is in a file's name
			last.file += "#" + piece
		}
	}
	return all
}

// aliases are names by which others know a type.
var aliases = map[string]string{"include-url": "x-include-url", "include-once-url": "x-include-once-url", "shellscript": "x-shellscript"}

func parsePair(text string) (named, bool) {
	kind, file, ok := strings.Cut(text, ",")
	kind = strings.TrimPrefix(kind, "text/")
	if !ok || file == "" || kind == "" || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" || strings.HasPrefix(kind, ".") {
		return named{}, false
	}
	if full, ok := aliases[kind]; ok {
		kind = full
	}
	return named{kind, file}, true
}
