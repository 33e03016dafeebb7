package metadata

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// TestRapper has an independent RDF/XML reader read every document of the table
// that Check accepts.
func TestRapper(t *testing.T) {
	peers.Need(t, "rapper")
	good := source(t, "complete.xml")
	for _, test := range checkTests() {
		if test.want != nil {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "rapper", "--quiet", "--count", "-", baseURI)
			cmd.Stdin = strings.NewReader(edit(t, good, test.edits))
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("rapper: %v\n%s", err, output)
			}
		})
	}
}
