package base

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
)

// TestBroken: an entry that somebody tampered with is left out.
func TestBroken(t *testing.T) {
	m := newMarket(t, jane, john)
	m.publish(jane, entrytest.Description{Content: "one", Created: days(3)})
	path := filepath.Join(m.dir, m.publish(john, entrytest.Description{Content: "one"}))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(text), "images.example.org", "images.example.com", 1))
	found, err := m.find(Name{Form: Identifier, Text: identifier("one")})
	if err != nil || found.Email != jane {
		t.Errorf("got %+v, %v", found, err)
	}
	checkWarnings(t, m.warnings, "leaving out an entry.*"+john)
}

// TestMany: neither many descriptions by others nor many that are broken keep
// the right one from being found, and few words are made of them.
func TestMany(t *testing.T) {
	m := newMarket(t, jane)
	wanted := m.publish(jane, entrytest.Description{Content: "one", Created: days(3)})
	const others = 1200
	signed := m.signer(eve).Sign(t, entrytest.Description{Content: "one"})
	byEve, err := entry.Verify(signed)
	if err != nil {
		t.Fatal(err)
	}
	m.finder.Open = func() (Marketplace, error) {
		place, err := m.open()
		return &crowded{place, byEve, others}, err
	}
	found, err := m.find(Name{Form: Identifier, Text: identifier("one")})
	if err != nil || found.Path() != wanted {
		t.Fatalf("got %+v, %v", found, err)
	}
	if len(m.warnings) != maxInvalid+1 || !strings.Contains(m.warnings[maxInvalid], "1180 more") {
		t.Errorf("%d warnings, the last is %q", len(m.warnings), m.warnings[len(m.warnings)-1])
	}
	m.trusted = nil
	_, err = m.find(Name{Form: Identifier, Text: identifier("one")})
	checkError(t, err, report.Credentials, "trust "+eve+"|1181 more descriptions")
	if lines := strings.Count(err.Error(), "\n") + 1; lines != maxUntrusted+1 {
		t.Errorf("the error has %d lines, want %d", lines, maxUntrusted+1)
	}
}

// crowded is a Marketplace with as many entries, and as many that are none,
// before those that it has.
type crowded struct {
	marketplace.Finder
	entry *entry.Entry
	times int
}

func (c *crowded) Find(ctx context.Context, q entry.Query) iter.Seq2[*entry.Entry, error] {
	return func(yield func(*entry.Entry, error) bool) {
		for range c.times {
			if !yield(c.entry, nil) || !yield(nil, fmt.Errorf("%w: broken", entry.ErrInvalid)) {
				return
			}
		}
		c.Finder.Find(ctx, q)(yield)
	}
}

func TestCheckImage(t *testing.T) {
	m := newMarket(t, jane)
	m.publish(jane, entrytest.Description{Content: "one"})
	found, err := m.find(Name{Form: Identifier, Text: identifier("one")})
	if err != nil {
		t.Fatal(err)
	}
	barred := []byte{1, 2, 3}
	m.finder.RefuseImage = func(by *signature.Endorsed, image diskimage.Image) string {
		if by == found.Endorsed && cmp.Equal(image.SHA256, barred) {
			return "it is in a black list"
		}
		return ""
	}
	if err := m.finder.checkImage(found, diskimage.Image{}); err != nil {
		t.Error(err)
	}
	checkError(t, m.finder.checkImage(found, diskimage.Image{SHA256: barred}), report.Credentials,
		found.Identifier+": it is in a black list")
}

// checkError looks for the code, and for the parts of says in the error and in
// its hint.
func checkError(t *testing.T, err error, kind report.Kind, says string) {
	t.Helper()
	var failed *report.Error
	if !errors.As(err, &failed) || failed.Kind != kind {
		t.Fatalf("got %v, want kind %d", err, kind)
	}
	for _, part := range strings.Split(says, "|") {
		if !strings.Contains(failed.Error()+failed.Hint, part) {
			t.Errorf("got %v (hint: %s), want %q", failed, failed.Hint, part)
		}
	}
}

func checkWarnings(t *testing.T, got []string, want string) {
	t.Helper()
	if want == "" && len(got) > 0 {
		t.Errorf("warnings: %q", got)
	}
	for _, part := range strings.Split(want, ".*") {
		if !strings.Contains(strings.Join(got, "\n"), part) {
			t.Errorf("warnings: %q, want %q", got, part)
		}
	}
}
