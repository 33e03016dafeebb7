package base

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
)

// Preview is what is known of a base without any download or copy of it.
type Preview struct {
	Steps  []Step           // what the base is, who endorses it and where it is
	Path   string           // absolute; where the image will be
	Format diskimage.Format // of the image at Path; a guess for what is not here yet
	Absent bool             // there is no disk at Path yet
	// DisksBus is ide, scsi or sata; empty where no appliance says so.
	DisksBus string
}

// Step is a line of a plan under a title, which may be empty.
type Step struct{ Title, Text string }

// Preview looks at a base that Take would take into the directory dir, which need
// not exist. Nothing is downloaded or written.
func (f *Found) Preview(ctx context.Context, dir string) (*Preview, error) {
	p := new(Preview)
	name := f.source.Name
	if name.Form != File {
		p.add("base", "%s", name.Text)
		if f.signed != nil {
			p.add("entry", "%s", f.Endorsement())
		}
		for _, location := range f.locations {
			p.add("from", "%s", report.Printable(location))
		}
		return p, f.previewCached(ctx, dir, p)
	}
	image, err := f.open(ctx, "", io.Discard)
	if err != nil {
		return nil, err
	}
	form := strings.TrimSpace(string(image.Format) + " " + string(image.Sums.Compression))
	p.add("base", "%s (%s), SHA-1 %x", name.Text, form, image.Sums.SHA1)
	for _, warning := range image.Warnings {
		p.add("", "%s", warning)
	}
	p.Path, p.Format, p.DisksBus = image.Path, image.Format, image.DisksBus
	if p.Absent = image.copied; p.Absent {
		p.Path = filepath.Join(dir, image.Path)
	}
	return p, nil
}

func (p *Preview) add(title, format string, args ...any) {
	p.Steps = append(p.Steps, Step{title, fmt.Sprintf(format, args...)})
}

// previewCached looks for the image in the cache.
func (f *Found) previewCached(ctx context.Context, dir string, p *Preview) error {
	store, err := f.cache(dir)
	if err != nil {
		return err
	}
	item := store.Item(f.want.Name())
	p.Path = item.Path
	if _, err := os.Lstat(p.Path); err != nil || f.source.NoCache {
		p.add("cache", "%s, which is not there yet", p.Path)
		p.Absent, p.Format = true, diskimage.Raw
		if f.Description != nil {
			if format, err := diskimage.ParseFormat(f.Description.Text(metadata.Format)); err == nil {
				p.Format = format
			}
		}
		return nil
	}
	file, err := item.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	image, err := f.readCached(ctx, file, item, io.Discard)
	if err != nil {
		return err
	}
	p.add("cache", "%s, which is the image", p.Path)
	if p.Format = image.Format; p.Format == diskimage.Ova { // Take unpacks it
		p.Absent, p.Path = true, filepath.Join(dir, "disk")
	}
	return nil
}
