package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-build-metadata/internal/edit"
)

func newEditor(c *command.Call) (*edit.Session, error) {
	editor, err := edit.Choose()
	if errors.Is(err, edit.ErrNoEditor) {
		return nil, report.WithHint(report.Usagef("editing the document: %w", err), "name an editor in VISUAL or EDITOR")
	}
	return &edit.Session{Program: c.App.Name, Editor: editor, Stderr: c.Err, LeaveInterrupts: command.LeaveInterrupts}, err
}

// edit lets the user change the document, and returns it once it passes every
// check. image is nil where none was read.
func (j *job) edit(c *command.Call, doc *metadata.Document, image *diskimage.Image, now time.Time) (*metadata.Document, error) {
	text, err := doc.Bytes()
	if err != nil {
		return nil, report.BadInputf("writing the document: %w", err)
	}
	_, err = j.editor.Edit(c.Ctx, text, func(text []byte) error {
		doc, err = j.Accept(text, image, now, c.Log)
		return err
	})
	var kept *edit.KeptError
	switch {
	case err == nil:
		return doc, nil
	case errors.Is(err, edit.ErrEmptied):
		return nil, fmt.Errorf("aborted: %w", err)
	case errors.Is(err, edit.ErrRejected):
		err = report.BadInputf("giving up: %w", err)
	}
	if errors.As(err, &kept) {
		err = report.WithHint(err, "your text is kept in %q: go on with --draft %q --edit, or remove it", kept.Path, kept.Path)
	}
	return nil, err
}

// keepEdited saves a document that could not be put where it belongs, because
// there is a person's work in it.
func keepEdited(text []byte, cause error) error {
	f, err := os.CreateTemp("", "edited-*.xml")
	if err != nil {
		return errors.Join(cause, fmt.Errorf("keeping your text: %w", err))
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(cause, fmt.Errorf("keeping your text: %w", err), os.Remove(f.Name()))
	}
	return report.WithHint(cause, "your text is kept in %q", f.Name())
}
