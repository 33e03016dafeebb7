package seal

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// TestFails seals guests in which a program fails: the error names the item and
// what the program has said, and nothing that comes after is touched.
func TestFails(t *testing.T) {
	steps := []string{
		`sealing: removing "/opt/x"`, "sealing: removing temporary files (tmp)",
		"sealing: removing who logged in, and failed to (login-records)", "sealing: trimming the disk",
	}
	for _, test := range []struct {
		program, want string
		steps         []string // that begin
		left          string   // by the guest
	}{
		{"find", "removing temporary files (tmp): sh: exit status 3: find says\nno", steps[:2], "/var/log/wtmp.x\n"},
		{"fstrim", "trimming the disk: sh: exit status 3: fstrim says\nno", steps, ""},
	} {
		s := sandboxtest.Start(t)
		g := s.Login("root")
		program := "/usr/local/bin/" + test.program
		sandboxtest.Output(t, g, "touch /opt/x /var/log/wtmp.x; printf '#!/bin/sh\\necho "+test.program+
			" says >&2; echo no >&2; echo more; exit 3\\n' >"+program+"; chmod 755 "+program)
		p := only(t, "tmp", "login-records")
		p.Exclude = []Path{"/opt/x"}
		p.Items[0].before = "find /tmp" // without the item's own "|| true"
		var said []string
		err := p.Apply(t.Context(), g, "ssh-ed25519 AAAAnotthere", func(format string, args ...any) {
			said = append(said, fmt.Sprintf(format, args...))
		})
		if err == nil || err.Error() != test.want || errors.Is(err, ErrTrim) != slices.Contains(test.steps, steps[3]) {
			t.Errorf("%s fails: %v, want %q", test.program, err, test.want)
		}
		if diff := cmp.Diff(test.steps, said); diff != "" {
			t.Errorf("%s fails: steps (-want +got):\n%s", test.program, diff)
		}
		if left := sandboxtest.Output(t, g, "ls /opt/x /var/log/wtmp.x 2>/dev/null || true"); left != test.left {
			t.Errorf("%s fails: %q is left, want %q", test.program, left, test.left)
		}
	}
}
