package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"

	"github.com/stratuslab/stratus/lib/shell"
)

// Dir is a new private directory in the guest.
type Dir struct {
	Path  string
	guest *Guest
	sftp  *sftp.Client
}

// MakeDir makes a directory that only the login user can enter.
func (g *Guest) MakeDir(ctx context.Context) (*Dir, error) {
	const label = "making a private directory"
	out, err := g.Output(ctx, label, "mktemp -d /var/tmp/stratus.XXXXXXXXXX")
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(out)
	if !strings.HasPrefix(name, "/var/tmp/stratus.") || strings.ContainsAny(name, "\n ") {
		return nil, fmt.Errorf("%s: the guest answered %q", label, name)
	}
	if g.user != "root" {
		if err := g.Run(ctx, label, shell.Join("chown", g.user, name)); err != nil {
			return nil, err
		}
	}
	client, err := g.startSFTP(ctx)
	if err != nil {
		return nil, err
	}
	return &Dir{Path: name, guest: g, sftp: client}, nil
}

func (g *Guest) startSFTP(ctx context.Context) (*sftp.Client, error) {
	defer g.closeWith(ctx)()
	client, err := sftp.NewClient(g.client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return nil, fmt.Errorf("starting sftp in the guest: %w", errors.Join(context.Cause(ctx), err))
	}
	return client, nil
}

// Remove removes the directory with all that is in it.
func (d *Dir) Remove(ctx context.Context) error {
	return errors.Join(
		d.guest.Run(ctx, "removing the private directory", shell.Join("rm", "-rf", "--", d.Path)),
		d.sftp.Close())
}

// Mkdir makes a directory in the directory.
func (d *Dir) Mkdir(ctx context.Context, name string) error {
	defer d.guest.closeWith(ctx)()
	if err := d.sftp.Mkdir(path.Join(d.Path, name)); err != nil {
		return fmt.Errorf("making the directory %q in the guest: %w", path.Join(d.Path, name), errors.Join(context.Cause(ctx), err))
	}
	return nil
}

// Write makes a file of the directory with the given content and mode.
func (d *Dir) Write(ctx context.Context, name string, content io.Reader, mode fs.FileMode) error {
	target := path.Join(d.Path, name)
	if err := d.write(ctx, target, content, mode); err != nil {
		return fmt.Errorf("writing %q in the guest: %w", target, errors.Join(context.Cause(ctx), err))
	}
	return nil
}

func (d *Dir) write(ctx context.Context, target string, content io.Reader, mode fs.FileMode) error {
	defer d.guest.closeWith(ctx)()
	f, err := d.sftp.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	// The mode is set while the file is empty, so that no other user reads it.
	if err := f.Chmod(mode.Perm()); err != nil {
		return errors.Join(err, f.Close())
	}
	if _, err := f.ReadFrom(content); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// Upload copies a local file or directory tree to a new name in the directory,
// with its permission bits and symbolic links.
func (d *Dir) Upload(ctx context.Context, local, name string) error {
	target := path.Join(d.Path, name)
	root, err := filepath.EvalSymlinks(local)
	if err != nil {
		return fmt.Errorf("copying %q to the guest: %w", local, err)
	}
	defer d.guest.closeWith(ctx)()
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		if err := d.uploadEntry(ctx, file, path.Join(target, filepath.ToSlash(relative)), entry); err != nil {
			return fmt.Errorf("%q: %w", file, err)
		}
		return context.Cause(ctx)
	})
	if err != nil {
		return fmt.Errorf("copying %q to the guest: %w", local, errors.Join(context.Cause(ctx), err))
	}
	return nil
}

func (d *Dir) uploadEntry(ctx context.Context, file, target string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		if err := d.sftp.Mkdir(target); err != nil {
			return err
		}
		return d.sftp.Chmod(target, mode.Perm()|0o700) // its files are still to be written
	case mode&fs.ModeSymlink != 0:
		link, err := os.Readlink(file)
		if err != nil {
			return err
		}
		return d.sftp.Symlink(link, target)
	case mode.IsRegular():
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		return d.write(ctx, target, f, mode)
	default:
		return fmt.Errorf("not a file, directory or symbolic link: %s", mode)
	}
}
