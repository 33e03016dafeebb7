package server

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/index"
)

// errNoSuch is the error about a query that matches nothing.
var errNoSuch = errors.New("no such entry")

// parseQuery reads a query: the words of the path, the parameters of the original,
// those of DataTables, and those of the static page's form.
func parseQuery(words []string, form url.Values) (index.Query, error) {
	by, ok := classify(words)
	if !ok {
		return index.Query{}, errNoSuch
	}
	q := index.Query{Query: by}
	for name, field := range map[string]*string{"identifier": &q.Identifier, "email": &q.Email, "created": &q.Created} {
		switch value := form.Get(name); {
		case value == "" || value == *field:
		case *field != "":
			return index.Query{}, errNoSuch
		default:
			*field = value
		}
	}
	q.Status = status(form)
	q.Where = atLocation(form.Get("location"))
	if err := parsePatterns(&q, form); err != nil {
		return index.Query{}, err
	}
	return q, parsePlace(&q, form)
}

// status returns the status that is asked for. Without the parameter it is valid; with
// another word it is any.
func status(form url.Values) entry.Status {
	if form.Get("status") == "" {
		return entry.Valid
	}
	if asked := entry.Status(form.Get("status")); slices.Contains(entry.Statuses(), asked) {
		return asked
	}
	return entry.AnyStatus
}

// atLocation returns the filter by where the image is, nil for none.
func atLocation(name string) func(entry.Summary) bool {
	begins := func(s entry.Summary, schemes ...string) bool {
		return slices.ContainsFunc(s.Locations, func(location string) bool {
			return slices.ContainsFunc(schemes, func(scheme string) bool { return strings.HasPrefix(location, scheme) })
		})
	}
	switch name {
	case "web":
		return func(s entry.Summary) bool {
			return len(s.Locations) == 0 || begins(s, "http:", "https:", "ftp:")
		}
	case "pdisk":
		return func(s entry.Summary) bool { return begins(s, "pdisk") }
	}
	return nil
}

// parsePatterns reads the texts of a search: regular expressions in the parameters of
// DataTables, plain words in those of the form.
func parsePatterns(q *index.Query, form url.Values) error {
	for _, p := range []struct {
		pattern    *index.Pattern
		expression string // name of a parameter
		word       string // name of a parameter
	}{
		{&q.Search, "sSearch", ""},
		{&q.OS, "sSearch_1", "os"},
		{&q.OSVersion, "sSearch_2", "version"},
		{&q.OSArch, "sSearch_3", "arch"},
		{&q.Endorser, "sSearch_4", "endorser"},
		{&q.Kind, "sSearch_5", ""},
		{&q.Title, "", "title"},
	} {
		var err error
		if expression := form.Get(p.expression); expression != "" {
			*p.pattern, err = index.Expression(expression)
		} else if word := strings.TrimSpace(form.Get(p.word)); word != "" {
			*p.pattern, err = index.Word(word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// columns are the values that DataTables can sort by, in the order of its columns.
var columns = []func(entry.Summary) string{
	nil,
	func(s entry.Summary) string { return s.OS },
	func(s entry.Summary) string { return s.OSVersion },
	func(s entry.Summary) string { return s.OSArch },
	func(s entry.Summary) string { return s.Email },
	func(s entry.Summary) string { return s.Kind },
	func(s entry.Summary) string { return s.Created },
	func(s entry.Summary) string { return s.Identifier },
	func(s entry.Summary) string { return strings.Join(s.Locations[:min(1, len(s.Locations))], "") },
	func(s entry.Summary) string { return s.Description },
	func(s entry.Summary) string { return s.Title },
}

// parsePlace reads which part of the result is wanted, in which order.
func parsePlace(q *index.Query, form url.Values) error {
	column, err := number(form, "iSortCol_0", 0)
	if err != nil {
		return err
	}
	if column < len(columns) {
		q.Column = columns[column]
	}
	q.Descending = form.Get("sSortDir_0") == "desc"
	if q.Offset, err = number(form, "iDisplayStart", 0); err != nil {
		return err
	}
	if q.Limit, err = number(form, "iDisplayLength", math.MaxInt32); err != nil {
		return err
	}
	if before := form.Get("before"); before != "" {
		q.Before, err = entry.ParsePath(before)
	}
	return err
}

// number reads a parameter that is a number. DataTables writes -1 for all.
func number(form url.Values, name string, absent int) (int, error) {
	value := form.Get(name)
	if value == "" || value == "-1" {
		return absent, nil
	}
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("reading parameter %s: %.300q is not a valid number", name, value)
	}
	return int(n), nil
}
