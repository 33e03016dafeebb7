package publish

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
	"github.com/stratuslab/stratus/lib/report"
)

// static holds the static page, its style and its script.
//
//go:embed index.html marketplace.css marketplace.js
var static embed.FS

var pageTemplate = template.Must(template.ParseFS(static, "index.html"))

// indexPage writes the static page with the latest entries, of so many in all. Its
// script reads the log.
func indexPage(latest []entry.Summary, total int) ([]byte, error) {
	type row struct {
		entry.Summary
		Size string
	}
	rows := make([]row, len(latest))
	for i, s := range latest {
		s.Title = cmp.Or(strings.TrimSpace(s.Title), s.Identifier)
		rows[i] = row{s, report.FormatBytes(s.Bytes)}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, struct {
		Rows  []row
		Total int
	}{rows, total}); err != nil {
		return nil, fmt.Errorf("writing the static page: %w", err)
	}
	return []byte(report.Visible(b.String())), nil
}

// Static returns a file of the static page as it is in a registry without entries. The
// error wraps fs.ErrNotExist if it has no file of that name.
func Static(name string) ([]byte, error) {
	if name == "index.html" {
		return indexPage(nil, 0)
	}
	return static.ReadFile(name)
}

// The files of the static page that are the same in every registry. The script has to
// suit the page.
const (
	scriptFile = "marketplace.js"
	styleFile  = "marketplace.css"
)

// putStatic writes a file of the static page, unless it is there.
func (s *session) putStatic(b *batch, name string) error {
	body, err := static.ReadFile(name)
	if err != nil {
		return err
	}
	there, err := s.files.ReadFile(name, int64(len(body)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, registry.ErrUnfit) {
		return err
	}
	if err != nil || !bytes.Equal(there, body) {
		b.put(asIndex, name, body)
	}
	return nil
}
