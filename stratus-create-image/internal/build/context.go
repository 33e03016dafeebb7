package build

import (
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/machine"
)

// makeContext makes the disks with the machine's context.
func (p *plan) makeContext() (err error) {
	o := p.options
	if p.seed, err = contextualize.NewSeed(o.SSHUser); err != nil {
		return err
	}
	content := *o.Context
	content.Seed = p.seed
	content.Card = &contextualize.Card{
		MAC: machine.MAC, IP: machine.IP, Mask: machine.Mask, Network: machine.Subnet, Gateway: machine.Gateway, DNS: machine.DNS,
	}
	p.disks, p.notes, err = content.Disks(o.Scheme)
	return err
}
