package notify

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/shell"
)

// Report is how a build ended.
type Report struct {
	Title    string // of the image, or empty
	Base     string // as the user named it
	Host     string // on which it was built
	Started  time.Time
	Ended    time.Time
	Phases   []Phase  // of the build, in their order
	Image    *Image   // nil where nothing was saved
	Failure  *Failure // nil where the build succeeded
	Endpoint string   // the Marketplace that the user named, or empty
}

// Phase is one part of a build.
type Phase struct {
	Name string // as in "starting the machine"
	Took time.Duration
}

// WriteTimings writes how many seconds each phase took, and all together, in lines.
func (r *Report) WriteTimings(w io.Writer) error {
	for _, p := range append(slices.Clone(r.Phases), Phase{"in all", r.Ended.Sub(r.Started)}) {
		if _, err := fmt.Fprintf(w, "%8.2f s  %s\n", p.Took.Seconds(), p.Name); err != nil {
			return err
		}
	}
	return nil
}

// Image is a new image.
type Image struct {
	Path       string // absolute
	Identifier string
	Draft      []byte // description: a metadata document, unsigned
	DraftPath  string // where the draft was written; empty for standard output
}

// Failure is why there is no image.
type Failure struct {
	Phase   string   // as in "starting the machine"
	Cause   string   // text of the error, in lines
	Console []string // last lines that the machine printed, if it ran
}

// name returns a name of the image for people.
func (r *Report) name() string {
	switch {
	case r.Title != "":
		return r.Title
	case r.Image != nil:
		return filepath.Base(r.Image.Path)
	}
	return "made of " + r.Base
}

// formats matches the extensions of an image's name.
var formats = regexp.MustCompile(`(?i)(\.[^.]+)?(\.(gz|bz2|xz|zst))?$`)

// DraftName returns the file name of the description, without a directory: that
// of its file, else the image's with .xml in place of the extensions.
func (i *Image) DraftName() string {
	if i.DraftPath != "" {
		return filepath.Base(i.DraftPath)
	}
	return formats.ReplaceAllLiteralString(filepath.Base(i.Path), "") + ".xml"
}

// location returns the URL of the image, which names the host; empty without an
// image.
func (r *Report) location() string {
	if r.Image == nil {
		return ""
	}
	return (&url.URL{Scheme: "file", Host: r.Host, Path: r.Image.Path}).String()
}

// Next returns the commands that publish the image. URL in them stands for the
// place where others will find it, which only the user knows.
func (r *Report) Next() []string {
	if r.Image == nil {
		return nil
	}
	draft := r.Image.DraftName()
	stem := strings.TrimSuffix(draft, filepath.Ext(draft))
	located, signed := shell.QuotePath(stem+".located.xml"), shell.QuotePath(stem+".signed.xml")
	upload := "stratus-upload-metadata "
	if r.Endpoint != "" {
		upload += "--marketplace-endpoint " + shell.Quote(r.Endpoint) + " "
	}
	return []string{
		"stratus-build-metadata --draft " + shell.QuotePath(draft) + " --location URL -o " + located,
		"stratus-sign-metadata -o " + signed + " " + located,
		upload + signed,
	}
}

// line returns text as one line of a mail: a guest or a document must not forge
// others.
func line(text string) string {
	return report.Printable(strings.Join(strings.Fields(text), " "))
}
