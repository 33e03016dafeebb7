// Package edit opens an editor on an XML text, again and again until the text
// passes a check. It must not know what the text is about, nor signals.
package edit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxText bounds the text that an editor may leave, in bytes.
const maxText = 16 << 20

// ErrEmptied is returned for a text that was emptied when it was first offered,
// which is how people abort an edit.
var ErrEmptied = errors.New("the text was emptied")

// ErrRejected is wrapped by the error for a text that did not pass the check and
// was then left as it was, or emptied.
var ErrRejected = errors.New("the text does not pass")

// KeptError is an error after which the person's text is still there.
type KeptError struct {
	Path string // of the file that keeps the text
	Err  error
}

func (e *KeptError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *KeptError) Unwrap() error { return e.Err }

// Session is the editing of one text.
type Session struct {
	Program string    // names who asks, in the message and in the directory's name
	Editor  string    // a shell command, to which the file's name is added
	Stderr  io.Writer // takes what the editor prints where there is no terminal
	// LeaveInterrupts makes an interrupt mean nothing to this process until
	// resume is called: it is for the editor. It may be nil.
	LeaveInterrupts func(context.Context) (resume func())
}

// Edit returns the text as the person leaves it, once check has no objection.
// As long as it has one, the editor is opened again on the person's own text,
// with the objection on top. The error is ErrEmptied, wraps ErrRejected and the
// objection, or is about the use of the editor; it is a *KeptError where
// anything would be lost.
func (s Session) Edit(ctx context.Context, text []byte, check func([]byte) error) ([]byte, error) {
	dir, err := os.MkdirTemp("", s.Program+"-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the editor: %w", err)
	}
	path := filepath.Join(dir, "metadata.xml") // the suffix tells editors what it is
	edited, err := s.rounds(ctx, path, text, check)
	var kept *KeptError
	if errors.As(err, &kept) {
		return nil, err
	}
	return edited, errors.Join(err, os.RemoveAll(dir))
}

// rounds opens the editor until the text passes or the person gives up.
func (s Session) rounds(ctx context.Context, path string, original []byte, check func([]byte) error) ([]byte, error) {
	var objection error
	text := original
	for {
		message := comment(s.Program, objection)
		edited, err := s.round(ctx, path, message, text)
		if err != nil {
			return nil, keep(path, original, err)
		}
		given := len(bytes.TrimSpace(edited)) > 0
		if !given && objection == nil {
			return nil, ErrEmptied
		}
		if !given || objection != nil && bytes.Equal(edited, text) {
			err := fmt.Errorf("%w: %w", ErrRejected, objection)
			return nil, keep(path, original, errors.Join(err, replace(path, text))) // without the message
		}
		if objection = check(edited); objection == nil {
			return edited, nil
		}
		text = edited
	}
}

// round opens the editor once, and returns what it leaves, without the message.
func (s Session) round(ctx context.Context, path string, message, text []byte) ([]byte, error) {
	if err := replace(path, append(bytes.Clone(message), text...)); err != nil {
		return nil, err
	}
	if err := s.open(ctx, path); err != nil {
		return nil, err
	}
	edited, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("reading the edited text: %w", err)
	}
	return withoutComment(edited, message), nil
}

// keep makes err a *KeptError when the file holds more than the original.
func keep(path string, original []byte, err error) error {
	left, readErr := read(path)
	if readErr == nil && (len(bytes.TrimSpace(left)) == 0 || bytes.Equal(left, original)) {
		return err
	}
	return &KeptError{Path: path, Err: err}
}

// replace puts the text into the file, which keeps what it holds if there is no
// room.
func replace(path string, text []byte) error {
	if err := os.WriteFile(path+"~", text, 0o600); err != nil {
		return fmt.Errorf("writing for the editor: %w", err)
	}
	return os.Rename(path+"~", path)
}

// read returns the text of a file, which is empty if the file is gone.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(text) > maxText {
		return nil, fmt.Errorf("%q has more than %d bytes", path, maxText)
	}
	return text, err
}
