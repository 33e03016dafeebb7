package verify

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/message"
)

// A line must not be mistaken for another one, whatever name somebody put into
// a certificate.
func TestHostileNames(t *testing.T) {
	const sound = " <e@example.org>, 2026-11-23T00:00:00Z, untrusted (unknown)\n"
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
		f := finding{File: "f", Signature: good, Identity: good, Document: good, Trust: untrusted, Reason: "unknown"}
		f.Signer = &signer{Name: name, Email: "e@example.org", Created: "2026-11-23T00:00:00Z"}
		var line bytes.Buffer
		if err := f.print(&line, false); err != nil || line.String() != want {
			t.Errorf("got  %q, %v\nwant %q", line.String(), err, want)
		}
		line.Reset()
		var read finding
		if err := f.print(&line, true); err != nil || message.Printable(line.String()) != strings.TrimSuffix(line.String(), "\n")+"\ufffd" {
			t.Errorf("%q: %v", line.String(), err)
		}
		if err := json.Unmarshal(line.Bytes(), &read); err != nil || read.Signer.Name != name {
			t.Errorf("%q: got name %q, %v, want %q", line.String(), read.Signer.Name, err, name)
		}
	}
}

func TestReasonsAreOneLine(t *testing.T) {
	f := finding{File: "f", Signature: good, Identity: bad, Reason: "one\n  two\r\u0085three"}
	var line bytes.Buffer
	if err := f.print(&line, false); err != nil || strings.Count(line.String(), "\n") != 1 || !strings.HasSuffix(line.String(), "names: one two three\n") {
		t.Errorf("%q, %v", line.String(), err)
	}
}
