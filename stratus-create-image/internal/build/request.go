package build

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/contextualize"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
	"github.com/stratuslab/stratus/stratus-create-image/internal/seal"
)

// Request is the image to make, and how.
type Request struct {
	Base    *base.Source
	Engine  engine.Engine
	Machine engine.Size
	// ApplianceCPU is how many virtual processors an appliance asks for, whatever
	// the build's machine has.
	ApplianceCPU int
	Disk         int64 // size in bytes, 0 for that of the base
	Recipe       recipe.Recipe
	Seal         *seal.Plan
	OS           string // ID of the guest's operating system; empty: what the guest says

	// The build logs in as User. Its keys are in the context, or, with the scheme
	// none, are those that Keys returns; release must be called.
	User    string
	Scheme  contextualize.Scheme
	Context *contextualize.Context // without a seed
	Keys    func(context.Context) (keys []ssh.Signer, release func(), err error)
	// Limit is the time that the machine has to let the build log in, and once
	// more to come up.
	Limit time.Duration

	Reuse   *Reuse         // nil: every step is taken, and nothing is kept
	Target  *engine.Target // nil: nothing is saved
	SBOM    string         // path of the list of packages, or empty
	Replace bool           // existing files
	Texts   Texts
	// KeepRunning leaves the machine running instead of sealing and saving it;
	// KeepFailed leaves one running with which something fails.
	KeepRunning, KeepFailed bool

	// Product writes the product: the draft, or the directory of a machine that is
	// left running.
	Product func([]byte) error
	Now     func() (time.Time, error) // for what is written
	Version string                    // of the program
	Quiet   bool                      // Log drops Infof
	Log     report.Log

	seed *contextualize.Seed // of tests, whose guest has its keys; nil: a new one
}

// Texts describe the image. An empty one is not known.
type Texts struct {
	Title, Comment      string
	Author, AuthorEmail string
	Version             string
	Replaces            string // identifier of an older image
}

// ParseText parses a text that the description can hold.
func ParseText(text string) (string, error) {
	if !metadata.ValidText(text) {
		return "", errors.New("not a valid text: it has characters that XML forbids")
	}
	return text, nil
}

// ParseIdentifier parses the identifier of an image.
func ParseIdentifier(text string) (string, error) {
	if _, err := metadata.DecodeIdentifier(text); err != nil {
		return "", fmt.Errorf("not a valid identifier: %w", err)
	}
	return text, nil
}
