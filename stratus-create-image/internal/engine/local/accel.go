package local

import (
	"os"
	"regexp"

	"github.com/stratuslab/stratus/lib/report"
)

// Accel is how a machine's processor is run.
type Accel string

// The accelerators of --accel.
const (
	Auto Accel = "auto"
	KVM  Accel = "kvm"
	TCG  Accel = "tcg"
)

// ParseAccel reads an accelerator's name.
func ParseAccel(name string) (Accel, error) { return report.OneOf(Auto, KVM, TCG)(name) }

// virtualization matches the processor flags that KVM needs on x86.
var virtualization = regexp.MustCompile(`(?m)^flags\s*:.*\b(vmx|svm)\b`)

// Resolve settles auto: KVM where the processor has the flag and the device
// opens for reading and writing, else TCG, with the reason. A device that
// merely opens is not enough: nested machines offer some on which guests hang.
func (a Accel) Resolve() (accel Accel, reason string) {
	if a != Auto {
		return a, ""
	}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return TCG, "cannot read the processor's flags: " + err.Error()
	}
	if !virtualization.Match(cpu) {
		return TCG, "the processor shows neither vmx nor svm"
	}
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return TCG, err.Error()
	}
	_ = device.Close()
	return KVM, ""
}
