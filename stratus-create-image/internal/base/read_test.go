package base

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
)

func TestDescription(t *testing.T) {
	m := newMarket(t, jane)
	dir := t.TempDir()
	signed := m.signer(jane).Sign(t, entrytest.Description{Content: "one"})
	put := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		write(t, path, text)
		return path
	}
	good := put("good.xml", string(signed))
	for _, b := range []Name{{Form: Description, Text: good, local: true}, {Form: Description, Text: "file://" + good}} {
		found, err := m.find(b)
		if err != nil || found.Identifier != identifier("one") || found.image.Bytes != 3 || found.reason != "known" {
			t.Errorf("%q: got %+v, %v", b.Text, found, err)
		}
	}
	page := `<!DOCTYPE html><html><title>Images</title></html>`
	key := "metadata/" + identifier("two") + "/" + jane + "/" + metadata.FormatTime(days(1))
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, key)), 0o700); err != nil {
		t.Fatal(err)
	}
	other := put(key+".xml", string(signed))
	right := put(key, string(m.signer(jane).Sign(t, entrytest.Description{Content: "two", Created: days(1)})))
	for _, b := range []Name{{Form: Description, Text: right, local: true}, {Form: Description, Text: "file://" + right}} {
		if found, err := m.find(b); err != nil || found.Identifier != identifier("two") {
			t.Errorf("%q: got %+v, %v", b.Text, found, err)
		}
	}
	long := strings.Repeat(" ", signature.MaxBytes) + string(signed)
	for _, test := range []struct {
		base Name
		kind report.Kind
		says string
	}{
		{Name{Form: Description, Text: put("changed.xml", strings.Replace(string(signed), ">base<", ">grid<", 1)),
			local: true}, report.BadInput, "changed.xml"},
		{Name{Form: Description, Text: put("long.xml", long), local: true}, report.BadInput, "bytes"},
		{Name{Form: Description, Text: filepath.Join(dir, "missing.xml"), local: true}, report.BadInput, "missing.xml"},
		{Name{Form: Description, Text: other, local: true}, report.BadInput, "found at|" + key + "|" + identifier("one")},
		{Name{Form: Description, Text: "file://" + other}, report.BadInput, "found at|" + key + "|" + identifier("one")},
		{Name{Form: Description, Text: "file://" + put("list",
			"<?xml version='1.0'?>\n<metadata>"+string(signed)+"</metadata>")}, report.BadInput, "a list of descriptions|EMAIL/TAG"},
		{Name{Form: Description, Text: "file://" + put("page", page)}, report.BadInput, "a web page|EMAIL/TAG"},
		{Name{Form: Description, Text: "file://" + put("disk.img", "QFI\xfb")}, report.Usage,
			"not a signed description|--base-sha256|EMAIL/TAG"},
		{Name{Form: Description, Text: "file://" + put("eve.xml",
			string(m.signer(eve).Sign(t, entrytest.Description{Content: "one"})))}, report.Credentials, "trust " + eve},
	} {
		_, err := m.find(test.base)
		checkError(t, err, test.kind, test.says)
	}
}

// TestLongDescription finds a description of 128 MiB at a URL, which is read up
// to the limit only.
func TestLongDescription(t *testing.T) {
	m := newMarket(t, jane)
	sent := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, total := []byte("<?xml version='1.0'?>\n"+strings.Repeat("<!-- more -->\n", 1<<12)), 0
		for err := error(nil); err == nil && total < 128<<20; {
			var n int
			n, err = w.Write(text)
			total += n
		}
		sent <- total
	}))
	defer server.Close()
	_, err := m.find(Name{Form: Description, Text: server.URL})
	checkError(t, err, report.BadInput, "bytes")
	const buffers = 32 << 20 // of both ends of the connection
	if total := <-sent; total > signature.MaxBytes+buffers {
		t.Errorf("%d bytes were sent, the longest description has %d", total, signature.MaxBytes)
	}
}
