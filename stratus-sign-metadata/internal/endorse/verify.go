package endorse

import (
	"errors"
	"fmt"

	"github.com/stratuslab/stratus/lib/signature"
)

// Verify checks a signed document. One that is not good is a finding, and then
// nobody endorsed it; an error is about the rest of the world. name is that of
// the document.
func Verify(name string, src []byte) (Finding, *signature.Endorsed, error) {
	f := Finding{File: name}
	by, err := signature.Verify(src)
	var refused *signature.Error
	switch {
	case errors.As(err, &refused):
		f.refuse(refused)
		return f, nil, nil
	case err != nil:
		return f, nil, fmt.Errorf("verifying %q: %w", name, err)
	}
	f.accept(by)
	return f, by, nil
}

// Unreadable returns the finding about a document that cannot be read.
func Unreadable(name string, err error) Finding {
	f := Finding{File: name}
	f.refuse(&signature.Error{Err: err})
	return f
}

// Judge adds whether the user relies on the document, why, and what would change
// that.
func (f *Finding) Judge(relied bool, reason, hint string) {
	f.Trust, f.Reason, f.Hint = untrusted, reason, hint
	if relied {
		f.Trust = trusted
	}
}
