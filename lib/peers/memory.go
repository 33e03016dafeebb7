package peers

import (
	"fmt"
	"os"
	"strings"
)

// PeakMemory is the most memory this process ever had, in KiB.
func PeakMemory() (kib int, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, value, _ := strings.Cut(string(status), "VmHWM:")
	_, err = fmt.Sscan(value, &kib)
	return kib, err
}
