package page

import (
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
)

var now = time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC)

// html is a page.
type html interface{ HTML() ([]byte, error) }

// attack tries to get out of wherever it is put.
const attack = `</title></script></textarea><script>document.title="run"</script><img src=x onerror="document.title='run'">"'>` +
	"]]><!-- {{.}} \u202Egnp.exe\u2066\u200B\u061C\u2028"

// hostileEntry is signed all right and says the worst everywhere.
func hostileEntry(t *testing.T) *entry.Entry {
	t.Helper()
	is := entrytest.Description{Content: "hostile", Created: now.Add(-time.Hour), Valid: now.Add(time.Hour)}
	is.Texts = map[metadata.Term]string{
		metadata.Location: "javascript:document.title='run'",
		metadata.Replaces: "../../x", metadata.IsVersionOf: "MMZu9WvwKIro-rtBQfDk4PsKO7_",
	}
	for _, term := range []metadata.Term{
		metadata.Title, metadata.Description, metadata.OS, metadata.OSVersion, metadata.OSArch, metadata.Kind, metadata.Version,
		metadata.Alternative, metadata.Creator, metadata.Publisher, metadata.Deprecated, metadata.Format, metadata.Compression,
	} {
		is.Texts[term] = attack
	}
	return entrytest.NewEndorser(t, "o.script+%2f@example.org").Entry(t, is)
}

// plainEntry is an entry as they usually are.
func plainEntry(t *testing.T) *entry.Entry {
	t.Helper()
	return entrytest.NewEndorser(t, "alice@example.org").Entry(t, entrytest.Description{
		Content: "image", Created: now.Add(-time.Hour), Valid: now.Add(time.Hour), Texts: map[metadata.Term]string{
			metadata.Title: "Ubuntu & more", metadata.OS: "ubuntu", metadata.OSVersion: "24.04", metadata.OSArch: "x86_64",
			metadata.Kind: "machine", metadata.Description: "small", metadata.Alternative: "web",
		}})
}

// views are all pages, with nothing but what is hostile in them.
func views(t *testing.T) map[string]html {
	e := hostileEntry(t)
	later := e.Key
	later.Created = "2026-11-24T00:00:00Z"
	site := Site{Root: "../"}
	return map[string]html{
		"entry":    Entry{Site: site, Key: e.Key, Entry: e, Series: []entry.Key{later, e.Key}, Now: now},
		"invalid":  Entry{Site: site, Key: e.Key, Invalid: attack},
		"upload":   Upload{Site: site, Refusal: attack},
		"uploaded": Uploaded{Site: site, Key: e.Key, URL: attack},
		"failure":  Failure{Site: site, Status: 404, Text: attack},
	}
}
