package sbom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Guest runs commands where the packages are installed.
type Guest interface {
	// Stream runs a shell command as root and writes what it prints on standard
	// output to w as it comes. The label names it in errors. It returns when
	// the context ends.
	Stream(ctx context.Context, label, command string, w io.Writer) error
}

const (
	// maxListing bounds what a database may print, in bytes.
	maxListing = 64 << 20
	// maxPackages bounds how many packages a guest may have.
	maxPackages = 200_000
)

var errListing = fmt.Errorf("more than %d bytes", maxListing)

// ErrNoPackages is the error of a guest that has none of the known databases, or
// only empty ones.
var ErrNoPackages = errors.New("no package database with packages; want one of dpkg, rpm, apk or pacman")

// List lists what is installed, by every package database that the guest has.
// What it prints is hostile: a listing of more than 64 MiB or 200 000 packages
// is an error.
func List(ctx context.Context, g Guest) (Packages, error) {
	var all Packages
	for _, d := range databases {
		label := "listing the packages of " + d.name
		out, err := stream(ctx, g, label, d.command)
		if err != nil {
			return Packages{}, err
		}
		d.parse(out, &all)
		if len(all.List) > maxPackages {
			return Packages{}, fmt.Errorf("%s: %d packages, want at most %d", label, len(all.List), maxPackages)
		}
	}
	if len(all.List) == 0 {
		return Packages{}, fmt.Errorf("listing the packages of the guest: %w", ErrNoPackages)
	}
	all.sort()
	return all, nil
}

// stream returns what a command prints, and ends it when that is too much.
func stream(ctx context.Context, g Guest, label, command string) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &listing{full: func() { cancel(errListing) }}
	err := g.Stream(ctx, label, command, out)
	if out.over {
		return nil, fmt.Errorf("%s: %w", label, errListing)
	}
	return out.text.Bytes(), err
}

// listing keeps what is written to it up to maxListing. It never fails: an ssh
// session whose reader has gone waits for ever.
type listing struct {
	text bytes.Buffer
	over bool
	full func()
}

func (l *listing) Write(p []byte) (int, error) {
	if l.text.Len()+len(p) > maxListing {
		l.over = true
		l.full()
	} else {
		l.text.Write(p)
	}
	return len(p), nil
}
