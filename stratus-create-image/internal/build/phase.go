package build

import (
	"time"

	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
)

// phase is one part of a build.
type phase struct {
	name  string // what is being done, as in "starting the machine"
	start time.Time
}

// begin begins a phase, and ends the one before.
func (r *run) begin(name string) { r.phases = append(r.phases, phase{name, time.Now()}) }

// took returns how long each phase took; the last one ended at the given time.
func took(phases []phase, ended time.Time) []notify.Phase {
	list := make([]notify.Phase, len(phases))
	for i, p := range phases {
		end := ended
		if i+1 < len(phases) {
			end = phases[i+1].start
		}
		list[i] = notify.Phase{Name: p.name, Took: end.Sub(p.start)}
	}
	return list
}
