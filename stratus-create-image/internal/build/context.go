package build

import "github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"

// makeContext makes the disks with the machine's context.
func (p *plan) makeContext() (err error) {
	o := p.options
	if p.seed, err = contextualize.NewSeed(o.SSHUser); err != nil {
		return err
	}
	content := *o.Context
	content.Seed, content.Card = p.seed, &o.Card
	p.disks, p.notes, err = content.Disks(o.Scheme)
	return err
}
