// Package verify checks signed documents and says of each who endorsed it and
// whether the user trusts that. It must not know how a signature is checked,
// nor why an endorser is trusted.
package verify

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/reliance"
	"github.com/stratuslab/stratus/lib/signature"
)

// Run checks every document of inputs, which are paths or "-" for standard
// input, prints what it finds, and fails with the gravest finding: a document
// that is not good before one that is not trusted. The findings are lines, or
// JSON objects.
func Run(c *command.Call, inputs []string, asJSON bool) error {
	judge, err := reliance.New(c)
	if err != nil {
		return err
	}
	var bad, untrusted int
	hint := "" // about the first endorser that is not trusted
	for _, input := range inputs {
		if err := c.Ctx.Err(); err != nil {
			return err
		}
		f, err := check(c, input, judge)
		if err != nil {
			return err
		}
		switch {
		case !f.good():
			bad++
		case f.Trust != trusted:
			if untrusted++; untrusted == 1 {
				hint = f.hint
			}
		}
		if err := f.print(c.Out, asJSON); err != nil {
			return err
		}
	}
	return verdict(len(inputs), bad, untrusted, hint)
}

// verdict makes the exit code.
func verdict(all, bad, untrusted int, hint string) error {
	if bad > 0 {
		return fault.BadInputf("verifying: %d of %d not good", bad, all)
	}
	if untrusted > 0 {
		return &fault.Error{Kind: fault.Credentials, Err: fmt.Errorf("verifying: %d of %d not trusted", untrusted, all), Hint: hint}
	}
	return nil
}

// check finds out about one document. A document that is not good, or not
// there, is a finding; an error is about the rest of the world.
func check(c *command.Call, input string, judge *reliance.Judge) (finding, error) {
	src, name, err := c.Read(input, "a signed metadata document", signature.MaxBytes)
	f := finding{File: name}
	var unreadable *fault.Error
	if errors.As(err, &unreadable) && unreadable.Kind == fault.BadInput {
		f.refuse(&signature.Error{Err: err})
		return f, nil
	}
	if err != nil {
		return f, err
	}
	by, err := signature.Verify(src)
	if err != nil {
		var refused *signature.Error
		if !errors.As(err, &refused) {
			return f, fmt.Errorf("verifying %q: %w", name, err)
		}
		f.refuse(refused)
		return f, nil
	}
	f.accept(by)
	if by.Digest == "sha1" || strings.HasSuffix(by.Method, "-sha1") {
		c.Log.Warnf("%s: signed with SHA-1, which can be forged", name)
	}
	now, err := command.Now() // when the document is there: in a pipe it may be long in coming
	if err != nil {
		return f, err
	}
	v := judge.Decide(by, now)
	f.Trust, f.Reason, f.hint = untrusted, v.Reason, v.Hint
	if v.Trusted {
		f.Trust = trusted
	}
	return f, nil
}
