package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/report"
)

func run(c *command.Call) error {
	now, err := command.Now()
	if err != nil {
		return err
	}
	q, err := query(c, now)
	if err != nil {
		return err
	}
	out, err := printer(c, now)
	if err != nil {
		return err
	}
	where, origin, err := c.Endpoint()
	if err != nil {
		return err
	}
	a := c.Access()
	finder, err := marketplace.Open(c.Ctx, where, marketplace.Access{
		CAFiles: a.CAFiles, SSHKey: a.SSHKey, KnownHosts: a.KnownHosts, UserAgent: a.UserAgent, Log: c.Log.Infof,
	})
	if err != nil {
		return err
	}
	defer func() { _ = finder.Close() }() // everything has been read
	found := 0
	for e, err := range finder.Find(c.Ctx, q) {
		switch {
		case errors.Is(err, entry.ErrInvalid):
			c.Log.Warnf("left out: %v", err)
		case errors.Is(err, marketplace.ErrNothing) && origin == command.Default:
			// The user's own directory, which the first publication makes.
		case err != nil:
			return fmt.Errorf("searching: %w", err)
		default:
			found++
			if err := out.entry(e.Summary()); err != nil {
				return err
			}
		}
	}
	if found == 0 {
		c.Log.Infof("nothing matches")
	}
	return out.end()
}

// query returns what the flags and the words ask for.
func query(c *command.Call, now time.Time) (entry.Query, error) {
	q := entry.Query{Email: c.String("endorser"), Tag: c.String("tag"), Status: entry.Status(c.String("status"))}
	if q.Email != "" && !entry.IsEmail(q.Email) {
		return q, report.Usagef("reading --endorser %q: not a valid e-mail address", q.Email)
	}
	switch q.Status {
	case "all":
		q.Status = entry.AnyStatus
	case entry.Valid, entry.Expired, entry.Deprecated:
	default:
		return q, report.Usagef("reading --status %q: not supported; want valid, expired, deprecated or all", q.Status)
	}
	var soon time.Time // zero without --expires-within
	if within := c.String("expires-within"); within != "" {
		d, err := parseTime(within)
		if err != nil {
			return q, report.Usagef("reading --expires-within %q: %w", within, err)
		}
		soon = now.Add(d)
	}
	words := strings.Fields(strings.ToLower(strings.Join(c.Args().Slice(), " ")))
	system := strings.ToLower(c.String("os"))
	q.Where = func(s entry.Summary) bool {
		return hasWords(s, words) && isSystem(s, system) && (soon.IsZero() || s.Status(now) == entry.Valid && s.Status(soon) == entry.Expired)
	}
	return q, nil
}

// hasWords reports whether the texts of a summary have all words.
func hasWords(s entry.Summary, words []string) bool {
	text := strings.ToLower(strings.Join([]string{
		s.Identifier, s.Title, s.Description, s.Tag, s.Creator, s.Email, s.OS, s.OSVersion, s.OSArch, s.Version,
	}, "\n"))
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// isSystem reports whether an image has a system, given by name or by NAME-VERSION.
func isSystem(s entry.Summary, system string) bool {
	name := strings.ToLower(s.OS)
	return system == "" || system == name || system == name+"-"+strings.ToLower(s.OSVersion)
}

// parseTime reads a duration with its unit, which may be d for days.
func parseTime(text string) (time.Duration, error) {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		days, err := strconv.ParseUint(number, 10, 16)
		if err == nil {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errors.New("not a valid time; want one such as 30d or 12h")
	}
	return d, nil
}
