// Package upload verifies signed descriptions and publishes them. It must not
// know how a Marketplace is reached, nor what its rules are.
package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/stratuslab/stratus/lib/endpoint"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/tool"
)

// Options say what to publish.
type Options struct {
	Inputs   []string // paths of signed documents, "-" for standard input
	Check    bool     // do everything but send
	NoVerify bool     // leave the verification to whom it is sent to
}

// document is one that is going to be published.
type document struct {
	*entry.Entry
	name string // for messages
}

// Run publishes the documents and prints the URL of each. None is sent before
// all have been verified; the first that is not taken ends the run.
func Run(c *tool.Call, o Options) error {
	var documents []document
	for _, input := range o.Inputs {
		d, err := read(c, input, o.NoVerify)
		if err != nil {
			return err
		}
		documents = append(documents, d)
	}
	place, err := endpoint.Open(c)
	if err != nil {
		return err
	}
	defer func() { _ = place.Close() }() // every answer has been read
	for _, d := range documents {
		if o.Check {
			err = check(c, place, d)
		} else {
			err = publish(c, place, d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read reads one document and, unless the other side is to do that, verifies it
// and applies the rules that do not depend on what is there already.
func read(c *tool.Call, input string, noVerify bool) (document, error) {
	src, name, err := c.Read(input, "a signed metadata document", signature.MaxBytes)
	if err != nil {
		return document{}, err
	}
	if noVerify {
		e, err := entry.Claim(src)
		if err != nil {
			return document{}, tool.BadInputf("reading %q: %w", name, err)
		}
		return document{e, name}, nil
	}
	e, err := entry.Verify(src)
	if err != nil {
		return document{}, tool.WithHint(tool.BadInputf("verifying %q: %w", name, err), "sign it with stratus-sign-metadata")
	}
	now, err := tool.Now()
	if err != nil {
		return document{}, err
	}
	if err := e.Admit("", now); err != nil {
		return document{}, tool.BadInputf("checking %q: %w", name, err)
	}
	if s := e.Summary(); s.Status(now) == entry.Expired {
		c.Log.Warnf("%s: expired at %s: it will not be listed as valid", name, s.Valid)
	}
	return document{e, name}, nil
}

func publish(c *tool.Call, place marketplace.Place, d document) error {
	receipt, err := place.Publish(c.Ctx, d.Entry)
	switch {
	case err != nil:
		return explain(fmt.Errorf("registering %q: %w", d.name, err), d)
	case receipt.Pending:
		c.Log.Warnf("%s: a mail was sent to %s: the entry is not there before the link in it has been followed", d.name, d.Email)
		return nil
	case receipt.Existed:
		c.Log.Infof("%s: registered already", d.name)
	default:
		c.Log.Infof("%s: registered", d.name)
	}
	return c.WriteProduct("", []byte(receipt.URL+"\n"))
}

// explain gives an error its exit code, and the one hint that only who knows
// the original Marketplace could think of.
func explain(err error, d document) error {
	var answer *marketplace.Answer
	failed := endpoint.Fail(err)
	if errors.As(err, &answer) && answer.Status == http.StatusBadRequest && d.Endorsed != nil && d.Endorsed.Method != "rsa-sha1" {
		return tool.WithHint(failed, "a Marketplace of the original software takes only what stratus-sign-metadata --profile stratuslab signs")
	}
	return failed
}

// check applies the rules that depend on what is there.
func check(c *tool.Call, place marketplace.Place, d document) error {
	now, err := tool.Now()
	if err != nil {
		return err
	}
	latest, err := newest(c.Ctx, place, d.Key)
	switch {
	case err != nil:
		return endpoint.Fail(fmt.Errorf("looking for earlier entries like %q: %w", d.name, err))
	case latest != nil && bytes.Equal(latest.Source, d.Source):
		c.Log.Infof("%s: registered already, at %s", d.name, place.URL(d.Key))
		return nil
	case latest != nil:
		err = d.Admit(latest.Created, now)
	}
	if err != nil {
		return endpoint.Fail(fmt.Errorf("checking %q: %w", d.name, err))
	}
	c.Log.Infof("%s: nothing is against it; its place is %s", d.name, place.URL(d.Key))
	return nil
}

// newest is the newest entry of the same image and endorser, nil without one.
func newest(ctx context.Context, place marketplace.Place, k entry.Key) (*entry.Entry, error) {
	for e, err := range place.Find(ctx, entry.Query{Identifier: k.Identifier, Email: k.Email}) {
		if err != nil && !errors.Is(err, entry.ErrInvalid) {
			return nil, err
		}
		if err == nil {
			return e, nil
		}
	}
	return nil, nil
}
