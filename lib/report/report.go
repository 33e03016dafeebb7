// Package report is how the rooms speak to people: errors with a kind and a hint,
// among them those about a word that is not one of a choice, the log that they are
// handed, and what makes foreign text fit to be quoted. It must not know exit codes,
// nor where anything is shown.
package report

import (
	"errors"
	"fmt"
)

// Kind is what an error means for the user.
type Kind int

// The kinds of errors. An error without a kind is of kind Failed.
const (
	Failed      Kind = iota // none of the others
	Usage                   // the command line cannot be used
	BadInput                // an image, document or file is not what it should be
	Credentials             // credentials or trust
	Refused                 // the remote side refused
	Unreachable             // the remote side cannot be reached; trying again may help
)

// Error is an error of a known kind. Hint says what the user can type or change
// next; it is empty where there is nothing to say.
type Error struct {
	Kind Kind
	Hint string
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Usagef returns an error about the command line.
func Usagef(format string, args ...any) error { return Mark(Usage, fmt.Errorf(format, args...)) }

// BadInputf returns an error about what was read.
func BadInputf(format string, args ...any) error { return Mark(BadInput, fmt.Errorf(format, args...)) }

// Credentialsf returns an error about credentials or trust.
func Credentialsf(format string, args ...any) error {
	return Mark(Credentials, fmt.Errorf(format, args...))
}

// Refusedf returns an error about what the remote side refused.
func Refusedf(format string, args ...any) error { return Mark(Refused, fmt.Errorf(format, args...)) }

// Unreachablef returns an error about a remote side that cannot be reached.
func Unreachablef(format string, args ...any) error {
	return Mark(Unreachable, fmt.Errorf(format, args...))
}

// Mark returns err with the kind, which replaces the one that it has. Mark
// returns nil for nil.
func Mark(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Err: err}
}

// WithHint returns err with a hint. Its kind stays.
func WithHint(err error, format string, args ...any) error {
	return &Error{Kind: KindOf(err), Hint: fmt.Sprintf(format, args...), Err: err}
}

// KindOf returns the kind of the outermost Error in the chain of err, or Failed.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Failed
}

// Known reports whether err has a kind.
func Known(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// Hints returns the hints in the chain of err, the outermost first.
func Hints(err error) []string {
	var hints []string
	for e := new(Error); errors.As(err, &e); err = e.Err {
		if e.Hint != "" {
			hints = append(hints, e.Hint)
		}
	}
	return hints
}
