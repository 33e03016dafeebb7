package endorse

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/report"
)

// A line must not be mistaken for another one, whatever name somebody put into
// a certificate.
func TestHostileNames(t *testing.T) {
	const sound = " <e@example.org>, 2026-11-23T00:00:00Z, untrusted (unknown)"
	tests := map[string]string{
		"Jane Tester":                  "f: good signature by Jane Tester" + sound,
		"José Müller-Lüdenscheidt":     "f: good signature by José Müller-Lüdenscheidt" + sound,
		"":                             `f: good signature by ""` + sound,
		" ":                            `f: good signature by " "` + sound,
		"Ada <ada@x>, 2026, trusted (": `f: good signature by "Ada <ada@x>, 2026, trusted ("` + sound,
		`A "B" C`:                      `f: good signature by "A \"B\" C"` + sound,
		"A\x1b[31m":                    "f: good signature by A\ufffd[31m" + sound,
		"A\ng: good signature":         `f: good signature by "A\ng: good signature"` + sound,
		"A\u202edetsurt":               "f: good signature by A\ufffddetsurt" + sound,
	}
	for name, want := range tests {
		f := Finding{File: "f", Signature: good, Identity: good, Document: good, Trust: untrusted, Reason: "unknown"}
		f.Signer = &Endorser{Name: name, Email: "e@example.org", Created: "2026-11-23T00:00:00Z"}
		if line := f.Text(); line != want {
			t.Errorf("got  %q\nwant %q", line, want)
		}
		line, err := f.JSON()
		if err != nil || report.Printable(line) != line {
			t.Errorf("%q: %v", line, err)
		}
		var read Finding
		if err := json.Unmarshal([]byte(line), &read); err != nil || read.Signer.Name != name {
			t.Errorf("%q: got name %q, %v, want %q", line, read.Signer.Name, err, name)
		}
	}
}

func TestReasonsAreOneLine(t *testing.T) {
	f := Finding{File: "f", Signature: good, Identity: bad, Reason: "one\n  two\r\u0085three"}
	if line := f.Text(); strings.Contains(line, "\n") || !strings.HasSuffix(line, "names: one two three") {
		t.Errorf("%q", line)
	}
}
