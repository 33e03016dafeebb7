package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
)

// ErrBroken is wrapped by the errors about derived files that are not as they were
// written. The next publication that needs them makes everything derived anew.
var ErrBroken = errors.New("broken index")

// PageEntries and PageBytes bound a page of the log: one that has as many is full.
const (
	PageEntries = 256
	PageBytes   = 1 << 20
	pageLimit   = 2 << 20 // a full page and one of the longest rows have less
)

// LogDir holds the log, and HeadFile its end.
const (
	LogDir    = "log"
	HeadFile  = LogDir + "/head.json"
	headLimit = 4 << 10
)

// Head is the end of the log.
type Head struct {
	Generation string `json:"generation"` // never empty where there is a log
	Pages      int    `json:"pages"`
	Entries    int    `json:"entries"` // of all pages
	Last       int    `json:"last"`    // entries of the newest page
}

// Row is what the log has of an entry.
type Row struct {
	entry.Summary
	SHA256 string `json:"sha256"` // of the document, in hexadecimal digits
}

// Page returns the name of a page. They are numbered from 0.
func (h Head) Page(k int) string {
	return LogDir + "/" + h.Generation + "/" + strconv.Itoa(k) + ".json"
}

func (h Head) stamp() string { return h.Generation + ":" + strconv.Itoa(h.Entries) }

// sound reports whether the numbers can be true and the generation is a name.
func (h Head) sound() bool {
	if h.Pages == 0 {
		return isHex(h.Generation) && h.Entries == 0 && h.Last == 0
	}
	return isHex(h.Generation) && h.Pages > 0 && h.Last > 0 && h.Last <= PageEntries &&
		h.Entries >= h.Pages-1+h.Last && h.Entries <= (h.Pages-1)*PageEntries+h.Last
}

// isHex reports whether s is a number in hexadecimal digits.
func isHex(s string) bool {
	_, err := strconv.ParseUint(s, 16, 64)
	return err == nil
}

// ReadHead reads the head of the log. It is empty if there is no log. The error
// wraps ErrBroken if the head is damaged.
func ReadHead(f FileReader) (Head, error) {
	body, err := f.ReadFile(HeadFile, headLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Head{}, nil
	case errors.Is(err, ErrUnfit):
		return Head{}, fmt.Errorf("%w: %w", ErrBroken, err)
	case err != nil:
		return Head{}, fmt.Errorf("reading the head of the log: %w", err)
	}
	var h Head
	if err := json.Unmarshal(body, &h); err != nil {
		return Head{}, fmt.Errorf("%w: reading %q: %w", ErrBroken, HeadFile, err)
	}
	if !h.sound() {
		return Head{}, fmt.Errorf("%w: reading %q: %d entries on %d pages, %d on the newest", ErrBroken, HeadFile, h.Entries, h.Pages, h.Last)
	}
	return h, nil
}

// ReadPage reads a page of the log, in order of arrival. The error wraps ErrBroken if
// the page is damaged. Its rows have valid keys, but may claim anything else.
func ReadPage(f FileReader, h Head, k int) ([]Row, error) {
	name := h.Page(k)
	body, err := f.ReadFile(name, pageLimit)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnfit) {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a page of the log: %w", err)
	}
	var rows []Row
	if err := json.Unmarshal(body, &rows); err != nil {
		return nil, fmt.Errorf("%w: reading %q: %w", ErrBroken, name, err)
	}
	want := 1
	if k == h.Pages-1 {
		want = h.Last
	}
	if len(rows) < want || len(rows) > PageEntries {
		return nil, fmt.Errorf("%w: reading %q: %d entries; want %d to %d", ErrBroken, name, len(rows), want, PageEntries)
	}
	if k == h.Pages-1 {
		rows = rows[:h.Last] // the rest is not published yet
	}
	for _, row := range rows {
		if _, err := entry.ParseKey(row.Identifier, row.Email, row.Name()); err != nil {
			return nil, fmt.Errorf("%w: reading %q: %w", ErrBroken, name, err)
		}
	}
	return rows, nil
}
