package build

import (
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
)

// Options say which document to make of what, and where to put it. What is
// left zero was not asked for.
type Options struct {
	Image string // path of the image, "-" for standard input
	Draft string // path of the document to start from, "-" for standard input

	Fields      []Field                // texts that the document gets
	Author      string                 // creator of a document that names none
	Locations   []string               // replace those of the draft
	Format      *diskimage.Format      // must be what the image is
	Compression *diskimage.Compression // must be what the image is
	Checksums   diskimage.Image        // must be those of the image
	ValidFor    time.Duration          // from now

	Edit     bool   // let the user change the result
	Output   string // path, "" and "-" for standard output
	AutoName bool   // name the output after what is in it
	Force    bool   // an automatic name may be one of an existing file
}

// Field is the text, perhaps an empty one, of a term.
type Field struct {
	Term metadata.Term
	Text string
}
