package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/trust"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/source"
)

// find finds the description of a base that has a signed one.
func (p *plan) find(ctx context.Context) error {
	o := p.options
	if !o.Base.Described() {
		return nil
	}
	var err error
	// The clock is asked for the time: SOURCE_DATE_EPOCH is for what is written.
	if p.found, err = o.Finder.Find(ctx, o.Base, time.Now()); err != nil {
		return err
	}
	p.baseDoc, p.want = p.found.Endorsed.Document, p.found.Claim
	return nil
}

// endorser names who describes the base, and why that counts.
func (p *plan) endorser() string {
	e := p.found
	return fmt.Sprintf("endorsed by %s on %s, certificate %s: %s", e.Email, e.Created, trust.Fingerprint(e.Endorsed.Certificate), e.Reason)
}

// obtain takes in the base: it is found, downloaded where it must be, digested
// and compared with what is said of it.
func (r *run) obtain(ctx context.Context) (*base.Image, error) {
	o := r.options
	if o.Base.Described() {
		r.log.Infof("finding the base %q", o.Base.Text)
		if err := r.find(ctx); err != nil {
			return nil, err
		}
		r.log.Infof("the base is %s, %s", r.found.Identifier, r.endorser())
	}
	if o.Base.Form != source.File {
		image, err := r.download(ctx)
		if err != nil {
			return nil, err
		}
		return image, badBase(image.Unpack(ctx, r.dir))
	}
	r.log.Infof("reading the base image %q", o.Base.Text)
	meter := r.log.Meter("reading", fileSize(o.Base.Text))
	defer func() { _ = meter.Close() }()
	image, err := base.Open(ctx, o.Base.Text, r.dir, meter)
	if err != nil {
		return nil, r.badFile(err)
	}
	return image, r.checkBase(image)
}

// checkBase compares the base with all that is said of it.
func (p *plan) checkBase(image *base.Image) error {
	if err := p.want.Check(image.Sums, image.File); err != nil {
		return fault.BadInputf("checking the base image %q: %w", image.Path, err)
	}
	if p.found != nil {
		return p.options.Finder.CheckImage(p.found, image.Sums)
	}
	if p.baseDoc == nil {
		return nil
	}
	says, err := p.baseDoc.Image()
	if err != nil {
		return fault.BadInputf("reading the base's description %q: %w", p.options.BaseMetadata, err)
	}
	if err := says.Check(image.Sums); err != nil {
		return fault.BadInputf("checking the base image %q by its description %q: %w", p.options.Base.Text, p.options.BaseMetadata, err)
	}
	return nil
}

// badBase gives errors about the base their exit code.
func badBase(err error) error {
	if errors.Is(err, base.ErrUnusable) {
		return fault.BadInputf("%w", err)
	}
	return err
}

// badFile is badBase for the file that the user names. A word that names nothing
// at all may have been meant as something else.
func (p *plan) badFile(err error) error {
	if err = badBase(err); errors.Is(err, fs.ErrNotExist) {
		return fault.WithHint(err, "%s", source.Forms)
	}
	return err
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
