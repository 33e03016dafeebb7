// Package build makes an image: it checks what the user asks for, runs the base
// image in a machine of its own, applies the recipe, seals, saves and describes
// the result. It must not know of flags, streams and exit codes beyond the
// errors that lib/tool offers.
package build

import (
	"context"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// Options are what the user asks for, as given.
type Options struct {
	Base *base.Source

	Output   string // path of the new image; empty with NoSave or NoShutdown
	Format   string // of the disk, or empty: by the output's extension
	Force    bool   // replace existing output
	Metadata string // path of the draft; empty or "-" for standard output
	SBOM     string // path of the list of packages, or empty

	Tell     func(context.Context, *notify.Report) // how the build ended; nil: nobody
	Endpoint string                                // the Marketplace that the user named, or empty

	Title, Comment      string
	Author, AuthorEmail string
	ImageVersion        string
	Replaces            string // identifier of an older image, or empty

	OS     string // overrides what the guest says
	Recipe recipe.Recipe
	Seal   *seal.Plan

	Engine    engine.Engine
	Size      engine.Size
	DiskSize  int64              // bytes; 0: the base's
	Card      contextualize.Card // that the engine's machines have
	NoNetwork bool               // the machine reaches no other host

	SSHUser string
	Scheme  contextualize.Scheme
	Context *contextualize.Context // without a seed and a card

	// SSHKeys gives the user's own keys, for a machine that is not told any.
	SSHKeys func(context.Context) (signers []ssh.Signer, release func(), err error)

	StartTimeout time.Duration

	NoShutdown    bool
	KeepOnFailure bool
	NoSave        bool
	DryRun        bool
}
