package contextualize

import (
	"encoding/json"
	"slices"
	"strings"
)

// TakenCommand is a shell command for the guest. It prints the contexts that the
// guest has taken, for ParseTaken. cloud-init writes result.json when it ends.
const TakenCommand = `for f in /run/stratus-context /var/run/stratus-context; do
    if [ -f "$f" ]; then sed 's/^/context /' "$f"; break; fi
done
for f in /run/cloud-init/result.json /run/cloud-init/status.json; do
    if [ -f "$f" ]; then echo cloud-init; cat "$f"; break; fi
done`

// ParseTaken returns the names of the contexts that a guest has taken, for people:
// "opennebula" or "cloud-init (NoCloud)", each once.
func ParseTaken(output string) []string {
	var taken []string
	add := func(name string) {
		if !slices.Contains(taken, name) {
			taken = append(taken, name)
		}
	}
	marks, result, _ := strings.Cut("\n"+output, "\ncloud-init\n")
	for mark := range strings.Lines(marks) {
		name, ok := strings.CutPrefix(strings.TrimSpace(mark), "context ")
		if ok && slices.Contains([]Scheme{OpenNebula, StratusLab, HEPiX}, Scheme(name)) {
			add(name)
		}
	}
	if source := dataSource(result); source != "" {
		add("cloud-init (" + source + ")")
	}
	return taken
}

// dataSource returns the name in "DataSourceNoCloud [seed=/dev/vdb][dsmode=net]",
// or nothing where cloud-init found none.
func dataSource(result string) string {
	var file struct {
		V1 struct {
			DataSource string `json:"datasource"`
		} `json:"v1"`
	}
	if json.Unmarshal([]byte(result), &file) != nil {
		return ""
	}
	name, _, _ := strings.Cut(file.V1.DataSource, " ")
	name = strings.TrimPrefix(name, "DataSource")
	if len(name) > 40 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || name == "None" {
		return ""
	}
	return name
}
