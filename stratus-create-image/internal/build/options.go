// Package build makes an image: it checks what the user asks for, runs the base
// image in a machine of its own, applies the recipe, seals, saves and describes
// the result. It must not know of flags, streams and exit codes beyond the
// errors that lib/tool offers.
package build

import (
	"time"
)

// Options are what the user asks for, as given.
type Options struct {
	Base         string // path of the base image
	BaseMetadata string // path of its description, or empty

	Output   string // path of the new image; empty with NoSave or NoShutdown
	Format   string // of the disk, or empty: by the output's extension
	Force    bool   // replace existing output
	Metadata string // path of the draft; empty or "-" for standard output

	Title, Comment      string
	Author, AuthorEmail string
	ImageVersion        string

	OS        string // overrides what the guest says
	Installer string
	Repos     []string
	Packages  []string
	Copies    []string
	Scripts   []string
	Commands  []string
	Env       []string
	Exclude   []string
	NoSeal    []string

	Type     string // instance type
	Types    map[string]string
	CPU, RAM int   // 0: the type's
	DiskSize int64 // bytes; 0: the base's

	Accel    string
	Network  string
	SSHUser  string
	Key      string // path of a public key to let in as well, or empty
	UserData string // path, or empty

	StartTimeout  time.Duration
	ScriptTimeout time.Duration

	NoShutdown    bool
	KeepOnFailure bool
	NoSave        bool
	DryRun        bool
}
