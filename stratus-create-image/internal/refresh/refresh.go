// Package refresh makes a guest that was resumed from a snapshot like one that has
// just started: its random numbers, its clock, its identity and its login key are its
// own. It works by shell scripts over package guest, and must not know how machines
// are kept and resumed, nor what is built in them.
package refresh

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// ErrUnfit reports that a guest cannot be kept: Refresh could not make it like one
// that has just started.
var ErrUnfit = errors.New("the guest cannot be kept")

// The scripts: functions, and what Settle and Refresh do with them.
var (
	//go:embed common.sh
	common string
	//go:embed settle.sh
	settleFunctions string
	//go:embed settle-main.sh
	settleMain string
	//go:embed refresh.sh
	refreshFunctions string
	//go:embed refresh-main.sh
	refreshMain string
)

// timeLimit bounds each call. They take about a second where everything is emulated;
// services that do not stop take longer.
const timeLimit = 5 * time.Minute

// Settle prepares an idle guest for a snapshot: it stops the jobs that a jump of the
// clock would start, writes everything to the disk, and frees the memory that only
// caches files. Nothing may run in the guest between it and the snapshot. In a copy Refresh
// must follow, in the guest itself GoOn, whether the snapshot was kept or not. An error that wraps ErrUnfit
// says why this guest cannot be kept; it is as it was then. After another error some
// jobs may be stopped.
func Settle(ctx context.Context, g *guest.Guest) error {
	const label = "preparing the guest for a snapshot"
	seed, err := newSeed()
	if err != nil {
		return fmt.Errorf("%s: %w", label, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeLimit, fmt.Errorf("it took longer than %v", timeLimit))
	defer cancel()
	out, err := g.Feed(ctx, label, common+settleFunctions+settleMain, strings.NewReader(seed+"\n"))
	if err != nil {
		return err
	}
	if reason := strings.TrimSpace(out); reason != "" {
		return fmt.Errorf("%s: %w: %s", label, ErrUnfit, reason)
	}
	return nil
}

// Keys says which login key replaces which, as authorized_keys(5) has them, without
// options and comments. The new one may be the old one.
type Keys struct {
	User     string // the account that the old key logs in to
	Old, New ssh.PublicKey
}

// Refresh makes a guest that was resumed after Settle like one that has just
// started, and lets the new key in instead of the old one. Nothing may run in the
// guest before it. The clock is set to what now returns when the command has been
// sent. It is late by the time that the guest takes to start a shell.
//
// Open sessions remain, with keys of the old random numbers: the caller logs in again
// with the new key. After an error the guest must not be used.
func Refresh(ctx context.Context, g *guest.Guest, keys Keys, now func() time.Time) error {
	const label = "refreshing the resumed guest"
	seed, err := newSeed()
	if err != nil {
		return fmt.Errorf("%s: %w", label, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeLimit, fmt.Errorf("it took longer than %v", timeLimit))
	defer cancel()
	rest := strings.Join([]string{seed, keys.User, line(keys.Old), line(keys.New)}, "\n") + "\n"
	input := io.MultiReader(&clock{now: now}, strings.NewReader(rest))
	_, err = g.Feed(ctx, label, common+refreshFunctions+refreshMain, input)
	return err
}

// GoOn starts again what Settle has stopped, in the guest itself: it is no copy, and
// keeps everything else.
func GoOn(ctx context.Context, g *guest.Guest, now func() time.Time) error {
	const label = "going on after a snapshot"
	ctx, cancel := context.WithTimeoutCause(ctx, timeLimit, fmt.Errorf("it took longer than %v", timeLimit))
	defer cancel()
	_, err := g.Feed(ctx, label, common+refreshFunctions+"read -r time digits\nstart_jobs \"$digits\"\n", &clock{now: now})
	return err
}

// clock is a reader of the time at which it is first read. It is one line: seconds
// since 1970, with a fraction, and the UTC as 14 digits.
type clock struct {
	now  func() time.Time
	text *strings.Reader // nil before the first Read
}

func (c *clock) Read(p []byte) (int, error) {
	if c.text == nil {
		t := c.now().UTC()
		c.text = strings.NewReader(fmt.Sprintf("%d.%03d %s\n", t.Unix(), t.Nanosecond()/1e6, t.Format("20060102150405")))
	}
	return c.text.Read(p)
}

// newSeed returns 64 random bytes as hexadecimal digits.
func newSeed() (string, error) {
	seed := make([]byte, 64)
	if _, err := rand.Read(seed); err != nil {
		return "", err
	}
	return hex.EncodeToString(seed), nil
}

// line returns a key as a line of authorized_keys.
func line(key ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) }
