package build

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-build-metadata/internal/edit"
)

// session prepares an edit, if there is to be one.
func (o Options) session(c *command.Call) (edit.Session, error) {
	if !o.Edit {
		return edit.Session{}, nil
	}
	editor, err := edit.Choose()
	if errors.Is(err, edit.ErrNoEditor) {
		return edit.Session{}, fault.WithHint(fault.Usagef("editing the document: %w", err), "name an editor in VISUAL or EDITOR")
	}
	return edit.Session{Program: c.App.Name, Editor: editor, Stderr: c.Err}, err
}

// edit lets the user change the document, and gives it back once it passes
// every check. found is the image, nil where none was read.
func (o Options) edit(c *command.Call, s edit.Session, doc *metadata.Document, found *diskimage.Image, now time.Time) (*metadata.Document, error) {
	text, err := render(doc)
	if err != nil {
		return nil, err
	}
	_, err = s.Edit(c.Ctx, text, func(text []byte) error {
		if doc, err = metadata.Parse(text); err != nil {
			return err
		}
		o.finish(c, doc, now)
		if err := doc.Check(metadata.Draft); err != nil {
			return err
		}
		return stillDescribes(doc, found)
	})
	if err == nil {
		return doc, nil
	}
	switch {
	case errors.Is(err, edit.ErrEmptied):
		return nil, fmt.Errorf("aborted: %w", err)
	case errors.Is(err, edit.ErrRejected):
		err = fault.BadInputf("giving up: %w", err)
	}
	var kept *edit.KeptError
	if errors.As(err, &kept) {
		return nil, fault.WithHint(err, "your text is kept in %q: go on with --draft %q --edit, or remove it", kept.Path, kept.Path)
	}
	return nil, err
}

// keepEdited saves a document that could not be put where it belongs, because
// there is a person's work in it.
func keepEdited(doc *metadata.Document, cause error) error {
	text, err := render(doc)
	if err != nil {
		return errors.Join(cause, err)
	}
	f, err := os.CreateTemp("", "edited-*.xml")
	if err != nil {
		return errors.Join(cause, fmt.Errorf("keeping your text: %w", err))
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(cause, fmt.Errorf("keeping your text: %w", err), os.Remove(f.Name()))
	}
	return fault.WithHint(cause, "your text is kept in %q", f.Name())
}

// stillDescribes finds out whether a document that was changed by hand still
// tells of the image what was found.
func stillDescribes(doc *metadata.Document, found *diskimage.Image) error {
	if found == nil {
		return nil
	}
	image, err := doc.Image()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(image, bytesOf(*found)) {
		return errors.New("the size and the checksums are not those of the image that was read")
	}
	for _, f := range []Field{{metadata.Format, string(found.Format)}, {metadata.Compression, string(found.Compression)}} {
		if got := doc.Text(f.Term); got != f.Text {
			return fmt.Errorf("%s: got %q, but the image that was read has %q", f.Term, got, f.Text)
		}
	}
	return nil
}

// bytesOf returns what Document.Image returns of an image.
func bytesOf(i diskimage.Image) diskimage.Image {
	i.Format, i.Compression = "", ""
	return i
}
