package credential

import (
	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/command"
)

// protectMemory keeps this process's memory, which is about to hold a key and
// its passphrase, out of core files and away from the debuggers of the same
// user. The limit does not bind programs to which the kernel pipes cores; the
// dumpable flag does. A process may still open its own /proc/self/fd then,
// and a program it starts is dumpable again.
func protectMemory(c *command.Call) {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		c.Log.Warnf("turning core files off: %v", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		c.Log.Warnf("turning memory dumps off: %v", err)
	}
}
