package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/report"
)

// document is a signed description that is going to be published.
type document struct {
	*entry.Entry
	Name string // for messages
}

// claim reads a document and leaves its verification to the Marketplace.
func claim(name string, src []byte) (document, error) {
	e, err := entry.Claim(src)
	if err != nil {
		return document{}, report.BadInputf("reading %q: %w", name, err)
	}
	return document{e, name}, nil
}

// verify reads and verifies a document, and applies the rules at the time now
// that do not depend on what the Marketplace has.
func verify(name string, src []byte, now time.Time, log report.Log) (document, error) {
	e, err := entry.Verify(src)
	if err != nil {
		return document{}, report.WithHint(report.BadInputf("verifying %q: %w", name, err), "sign it with stratus-sign-metadata")
	}
	if err := e.Admit("", now); err != nil {
		return document{}, report.BadInputf("checking %q: %w", name, err)
	}
	if s := e.Summary(); s.Status(now) == entry.Expired {
		log.Warnf("%s: expired at %s: it will not be listed as valid", name, s.Valid)
	}
	return document{e, name}, nil
}

// publish publishes the document and returns its URL, which is empty where
// somebody has to confirm it first.
func (d document) publish(ctx context.Context, publisher publish.Publisher, log report.Log) (string, error) {
	receipt, err := publisher.Publish(ctx, d.Entry)
	switch {
	case err != nil:
		return "", d.explain(fmt.Errorf("registering %q: %w", d.Name, err))
	case receipt.Pending:
		log.Warnf("%s: a mail was sent to %s: the entry will be published when the link in it is opened", d.Name, d.Email)
		return "", nil
	case receipt.Existed:
		log.Infof("%s: registered already", d.Name)
	default:
		log.Infof("%s: registered", d.Name)
	}
	return receipt.URL, nil
}

// explain adds the hint that only somebody who knows the original Marketplace
// could think of.
func (d document) explain(err error) error {
	var answer *marketplace.Answer
	if errors.As(err, &answer) && answer.Status == http.StatusBadRequest && !strings.Contains(answer.Reason, "older than") && d.Endorsed != nil && d.Endorsed.Method != "rsa-sha1" {
		return report.WithHint(err, "a Marketplace of the original software takes only what stratus-sign-metadata --profile stratuslab signs")
	}
	return err
}

// check applies the rules at the time now that depend on what the Marketplace has.
func (d document) check(ctx context.Context, finder marketplace.Finder, now time.Time, log report.Log) error {
	there, latest, err := earlier(ctx, finder, d.Entry)
	switch {
	case err != nil:
		return fmt.Errorf("looking for earlier entries like %q: %w", d.Name, err)
	case there:
		log.Infof("%s: registered already, at %s", d.Name, finder.URL(d.Key))
		return nil
	}
	if err := d.Admit(latest, now); err != nil {
		return fmt.Errorf("checking %q: %w", d.Name, err)
	}
	log.Infof("%s: the Marketplace would accept it, at %s", d.Name, finder.URL(d.Key))
	return nil
}

// earlier finds out whether the very entry is there, and when the latest of its
// series was made; empty if there is none.
func earlier(ctx context.Context, finder marketplace.Finder, e *entry.Entry) (there bool, latest string, err error) {
	want, err := entry.Embeddable(e.Source) // a listing has no more of a document
	if err != nil {
		return false, "", err
	}
	for _, created := range []string{e.Created, ""} {
		q := entry.Query{Identifier: e.Identifier, Email: e.Email, Created: created}
		for found, err := range finder.Find(ctx, q) {
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
