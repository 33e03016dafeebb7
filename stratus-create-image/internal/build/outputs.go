package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/shell"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sbom"
)

// outputs are the files that a build makes; those that it does not are nil.
type outputs struct{ image, packages *files.Pending }

// createOutputs begins the outputs at once: one that cannot be written must not
// cost an hour.
func (r *run) createOutputs() (out outputs, err error) {
	if r.Target == nil {
		return out, nil
	}
	if out.image, err = files.CreatePending(r.Target.Path, r.Replace); err != nil {
		return out, err
	}
	if r.SBOM == "" {
		return out, nil
	}
	if out.packages, err = files.CreatePending(r.SBOM, r.Replace); err != nil {
		out.discard()
	}
	return out, err
}

func (o outputs) discard() {
	for _, p := range []*files.Pending{o.image, o.packages} {
		if p != nil {
			p.Discard()
		}
	}
}

// save writes the image and its description; both appear, or neither.
func (r *run) save(ctx context.Context, out outputs) error {
	if err := r.base.CheckUnchanged(); err != nil {
		return report.BadInputf("%w", err)
	}
	r.log.Infof("saving %q (%s)", r.Target.Path, r.Target.Form())
	if r.Target.Format == diskimage.Ova && r.machine.Hardware().Bus == engine.Virtio {
		r.log.Warnf("the appliance has its disk on %s and an e1000 network card, on which this image was not tried", applianceBus(engine.Virtio))
	}
	meter := r.log.Meter("digesting", 0)
	r.Target.Pack = r.pack
	sums, err := r.machine.Save(ctx, r.Target, out.image.File, meter)
	_ = meter.Close()
	if err != nil {
		return fmt.Errorf("saving %q: %w", r.Target.Path, err)
	}
	list, err := r.writePackages(out, sums)
	if err != nil {
		return err
	}
	r.finishRecord()
	draft, err := r.draft(sums, list)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("saving %q: %w", r.Target.Path, context.Cause(ctx))
	}
	return r.publish(out, sums, draft)
}

// writePackages writes the list of packages, and returns the SHA-256 of the file.
func (r *run) writePackages(out outputs, sums diskimage.Image) ([]byte, error) {
	if out.packages == nil {
		return nil, nil
	}
	now, err := r.Now()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := sbom.Write(&b, r.packages.before, r.packages.after, sbom.About{
		Identifier: metadata.IdentifierOf(sums.SHA1), Title: r.Texts.Title, Version: r.imageVersion(), Sums: sums, OS: r.os,
		Tool: "stratus-create-image", ToolVersion: r.Version, Time: now,
	}); err != nil {
		return nil, err
	}
	if unread := r.packages.after.Unread; unread > 0 {
		r.log.Warnf("%d records of the guest's package databases cannot be read, and are not in %q", unread, r.SBOM)
	}
	if _, err := out.packages.File.Write(b.Bytes()); err != nil {
		return nil, fmt.Errorf("writing %q: %w", r.SBOM, err)
	}
	sum := sha256.Sum256(b.Bytes())
	return sum[:], nil
}

// publish moves the outputs to their names and writes the draft.
func (r *run) publish(out outputs, sums diskimage.Image, draft []byte) error {
	info, err := out.image.File.Stat()
	if err != nil {
		return fmt.Errorf("saving: %w", err)
	}
	if err := out.image.Commit(); err != nil {
		return fmt.Errorf("saving: %w", err)
	}
	if out.packages != nil {
		if err := out.packages.Commit(); err != nil {
			return r.lost("the list of its packages", err)
		}
	}
	r.log.Infof("saved %q: %s, identifier %s", r.Target.Path, report.FormatBytes(info.Size()), metadata.IdentifierOf(sums.SHA1))
	if err := r.Product(draft); err != nil {
		return r.lost("its description", err)
	}
	path, err := filepath.Abs(r.Target.Path)
	if err != nil {
		return fmt.Errorf("naming the image: %w", err)
	}
	r.writeRecord()
	r.saved = &notify.Image{Path: path, Identifier: metadata.IdentifierOf(sums.SHA1), Draft: draft}
	return nil
}

// lost returns the error of an image that is whole, but without what belongs to it.
func (r *run) lost(what string, err error) error {
	return report.WithHint(fmt.Errorf("the image is saved, but %s is not: %w", what, err),
		"describe it with: %s", shell.Join("stratus-build-metadata", r.Target.Path))
}
