package sign

import (
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
)

// Options say what to sign, how, and where to put it.
type Options struct {
	Inputs  []string // paths of the documents, "-" for standard input
	Output  string   // path, "" and "-" for standard output
	InPlace bool     // replace the inputs instead
	Suffix  string   // of the names under which they are kept then

	Email           string // where the certificate names none
	Profile         signature.Profile
	Chain           bool   // send the certificate's chain along
	AllowNoLocation bool   // sign a document without a location
	CheckImage      string // path of the image that the document must describe, "" for none
}

// level says how complete a document must be.
func (o Options) level() metadata.Level {
	if o.AllowNoLocation {
		return metadata.Complete &^ metadata.Located
	}
	return metadata.Complete
}
