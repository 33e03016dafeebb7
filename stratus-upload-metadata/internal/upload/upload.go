// Package upload verifies signed descriptions and publishes them. It must not
// know how a Marketplace is reached, nor what its rules are.
package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/remote"
	"github.com/stratuslab/stratus/lib/signature"
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
func Run(c *command.Call, o Options) error {
	var documents []document
	for _, input := range o.Inputs {
		d, err := read(c, input, o.NoVerify)
		if err != nil {
			return err
		}
		documents = append(documents, d)
	}
	place, err := openMarketplace(c)
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
func read(c *command.Call, input string, noVerify bool) (document, error) {
	src, name, err := c.Read(input, "a signed metadata document", signature.MaxBytes)
	if err != nil {
		return document{}, err
	}
	if len(src) == 0 {
		return document{}, fault.BadInputf("reading %q: it is empty; a signed metadata document is expected", name)
	}
	if noVerify {
		e, err := entry.Claim(src)
		if err != nil {
			return document{}, fault.BadInputf("reading %q: %w", name, err)
		}
		return document{e, name}, nil
	}
	e, err := entry.Verify(src)
	if err != nil {
		return document{}, fault.WithHint(fault.BadInputf("verifying %q: %w", name, err), "sign it with stratus-sign-metadata")
	}
	now, err := command.Now()
	if err != nil {
		return document{}, err
	}
	if err := e.Admit("", now); err != nil {
		return document{}, fault.BadInputf("checking %q: %w", name, err)
	}
	if s := e.Summary(); s.Status(now) == entry.Expired {
		c.Log.Warnf("%s: expired at %s: it will not be listed as valid", name, s.Valid)
	}
	return document{e, name}, nil
}

func publish(c *command.Call, place marketplace.Place, d document) error {
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

// explain adds the hint that only somebody who knows the original Marketplace
// could think of.
func explain(err error, d document) error {
	var answer *marketplace.Answer
	if errors.As(err, &answer) && answer.Status == http.StatusBadRequest && !strings.Contains(answer.Reason, "older than") && d.Endorsed != nil && d.Endorsed.Method != "rsa-sha1" {
		return fault.WithHint(err, "a Marketplace of the original software takes only what stratus-sign-metadata --profile stratuslab signs")
	}
	return err
}

// check applies the rules that depend on what is there.
func check(c *command.Call, place marketplace.Place, d document) error {
	now, err := command.Now()
	if err != nil {
		return err
	}
	there, latest, err := earlier(c.Ctx, place, d.Entry)
	switch {
	case err != nil:
		return fmt.Errorf("looking for earlier entries like %q: %w", d.name, err)
	case there:
		c.Log.Infof("%s: registered already, at %s", d.name, place.URL(d.Key))
		return nil
	}
	if err := d.Admit(latest, now); err != nil {
		return fmt.Errorf("checking %q: %w", d.name, err)
	}
	c.Log.Infof("%s: nothing is against it; its place is %s", d.name, place.URL(d.Key))
	return nil
}

// earlier finds out whether the very entry is there, and when the latest of its
// series was made; empty if there is none.
func earlier(ctx context.Context, place marketplace.Place, e *entry.Entry) (there bool, latest string, err error) {
	want, err := entry.Embeddable(e.Source) // a listing has no more of a document
	if err != nil {
		return false, "", err
	}
	for _, created := range []string{e.Created, ""} {
		q := entry.Query{Identifier: e.Identifier, Email: e.Email, Created: created}
		for found, err := range place.Find(ctx, q) {
			switch {
			case errors.Is(err, entry.ErrInvalid):
				continue
			case errors.Is(err, marketplace.ErrNothing):
				return false, "", nil
			case err != nil:
				return false, "", err
			case found.Series() != e.Series():
				continue
			}
			latest = max(latest, found.Created)
			if got, err := entry.Embeddable(found.Source); err == nil && bytes.Equal(got, want) {
				return true, latest, nil
			}
		}
	}
	return false, latest, nil
}

// remoteOptions say how to reach other hosts.
func remoteOptions(c *command.Call) remote.Options {
	a := c.Access()
	return remote.Options{CAFiles: a.CAFiles, SSHKey: a.SSHKey, KnownHosts: a.KnownHosts, UserAgent: a.UserAgent, Log: c.Log.Infof}
}

// openMarketplace opens the Marketplace that the user means.
func openMarketplace(c *command.Call) (marketplace.Place, error) {
	where, _, err := c.Endpoint()
	if err != nil {
		return nil, err
	}
	place, err := marketplace.Open(c.Ctx, where, remoteOptions(c))
	if err != nil {
		return nil, fmt.Errorf("opening the Marketplace: %w", err)
	}
	return place, nil
}
