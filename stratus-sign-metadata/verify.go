package main

import (
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/trust"
	"github.com/stratuslab/stratus/stratus-sign-metadata/internal/endorse"
)

// runVerify checks every document, prints a line for each, and fails with the
// gravest finding: a document that is not good before one that is not trusted.
func runVerify(c *command.Call) error {
	inputs, err := c.Inputs()
	if err != nil {
		return err
	}
	whom, err := c.Trust(trust.ParseFingerprints, func(own command.Credential) (*x509.Certificate, error) {
		return credential.New(credential.Options(own), c.Log).Certificate(c.Ctx)
	})
	if err != nil {
		return err
	}
	judge, err := trust.New(c.Ctx, trust.Options(whom), c.Log)
	if err != nil {
		return err
	}
	var bad, untrusted int
	hint := "" // about the first endorser that is not trusted
	for _, input := range inputs {
		if err := c.Ctx.Err(); err != nil {
			return err
		}
		f, err := find(c, input, judge)
		if err != nil {
			return err
		}
		switch {
		case !f.Good():
			bad++
		case !f.Trusted():
			if untrusted++; untrusted == 1 {
				hint = f.Hint
			}
		}
		line := f.Text()
		if c.Bool("json") {
			if line, err = f.JSON(); err != nil {
				return err
			}
		}
		if err := c.WriteProduct("", []byte(line+"\n")); err != nil {
			return err
		}
	}
	if bad > 0 {
		return report.BadInputf("verifying: %d of %d not good", bad, len(inputs))
	}
	if untrusted > 0 {
		return &report.Error{Kind: report.Credentials, Err: fmt.Errorf("verifying: %d of %d not trusted", untrusted, len(inputs)), Hint: hint}
	}
	return nil
}

// find reads and judges one document. One that is not there is a finding, too.
func find(c *command.Call, input string, judge *trust.Judge) (endorse.Finding, error) {
	src, name, err := c.Read(input, "a signed metadata document", signature.MaxBytes)
	if report.KindOf(err) == report.BadInput {
		return endorse.Refused(name, err), nil
	}
	if err != nil {
		return endorse.Finding{}, err
	}
	f, by := endorse.Verify(name, src)
	if by == nil {
		return f, nil
	}
	if by.Digest == "sha1" || strings.HasSuffix(by.Method, "-sha1") {
		c.Log.Warnf("%s: signed with SHA-1, which can be forged", name)
	}
	now, err := command.Now() // when the document is there: in a pipe it may be long in coming
	if err != nil {
		return f, err
	}
	verdict := judge.Decide(by, now)
	f.Judge(verdict.Trusted, verdict.Reason, verdict.Hint)
	return f, nil
}
