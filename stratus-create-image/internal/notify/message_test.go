package notify

import (
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/smtpdtest"
)

func address(t *testing.T, text string) *mail.Address {
	t.Helper()
	a, err := ParseAddress(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var date = time.Date(2026, 11, 22, 10, 15, 30, 0, time.UTC)

func content(t *testing.T) Content {
	return Content{
		From: address(t, "Büro <builds@example.org>"), To: address(t, "jane@example.org"),
		Subject: "Image built: Bücher " + strings.Repeat("and more ", 12), Date: date,
		Text: "The image „web“ is built.\n\n.\n.dots\n= signs and " + strings.Repeat("long ", 50) + "\n  indented \n",
		Attachment: &Attachment{
			Name: "web.xml",
			Type: "application/xml",
			Data: []byte("<?xml version='1.0'?>\n<a>é</a>\r\n\x00\xff"),
		},
	}
}

var (
	plainHeaders = []string{
		"Auto-Submitted",
		"Content-Transfer-Encoding",
		"Content-Type",
		"Date",
		"From",
		"Message-Id",
		"Mime-Version",
		"Subject",
		"To",
	}
	mixedHeaders = slices.DeleteFunc(
		slices.Clone(plainHeaders),
		func(name string) bool { return name == "Content-Transfer-Encoding" },
	)
)

// expected is what a reader is to find of a content.
func expected(c Content) smtpdtest.Parsed {
	p := smtpdtest.Parsed{
		Headers: plainHeaders, From: c.From.String(), To: c.To.String(), Auto: "auto-generated",
		Subject: c.Subject, Date: c.Date, Text: c.Text, TextType: "text/plain; charset=UTF-8",
	}
	if a := c.Attachment; a != nil {
		p.Headers = mixedHeaders
		p.Name, p.Type, p.Data, p.Encoding = a.Name, a.Type, string(a.Data), "base64"
	}
	return p
}

func TestCompose(t *testing.T) {
	full, bare := content(t), content(t)
	bare.Attachment = nil
	for _, c := range []Content{full, bare} {
		m, err := Compose(c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(expected(c), smtpdtest.Parse(t, m.Bytes())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for line := range strings.Lines(string(m.Bytes())) {
			if !strings.HasSuffix(line, "\r\n") || len(line) > 200 ||
				strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
				t.Errorf("the line %q is none of a mail", line)
			}
		}
	}
}

// FuzzCompose puts everything into a message that is not ours to choose: it
// comes out as it went in, and no header more.
func FuzzCompose(f *testing.F) {
	f.Add("Image built: web", "text\n", "web.xml", []byte("<a/>"))
	f.Add("a\r\nBcc: eve@example.org\r\n\r\nbody", ".\n..\nFrom x\n", "a\"\r\nX-Evil: 1\r\n\r\n.xml", []byte("\r\n.\r\n"))
	f.Add("=?utf-8?q?a=0D=0ABcc:_x?=", "\t \n=3D", "=?utf-8?q?x?=", []byte(nil))
	f.Add(strings.Repeat("é", 200), strings.Repeat("x", 2000), "ü", []byte{0})
	f.Fuzz(func(t *testing.T, subject, text, name string, data []byte) {
		c := content(t)
		c.Subject, c.Text, c.Attachment = subject, text, &Attachment{Name: name, Type: "application/xml", Data: data}
		m, err := Compose(c)
		if err != nil {
			t.Fatal(err)
		}
		got, want := smtpdtest.Parse(t, m.Bytes()), expected(c)
		if strings.ContainsRune(text, '\r') || !utf8.ValidString(text) {
			want.Text = got.Text
		}
		if ordinary := strings.Join(strings.Fields(subject), " "); ordinary != subject || strings.Contains(subject, "=?") ||
			!utf8.ValidString(subject) {
			want.Subject = got.Subject
		}
		want.Name = got.Name // cleaned, and encoded
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s\n%s", diff, m.Bytes())
		}
	})
}

func TestParseAddress(t *testing.T) {
	for _, test := range []struct {
		text, want string // empty: refused
	}{
		{"jane@example.org", "<jane@example.org>"},
		{"Jane Tester <jane+x@example.org>", `"Jane Tester" <jane+x@example.org>`},
		{"=?utf-8?q?J=C3=A4ne?= <jane@example.org>", "=?utf-8?q?J=C3=A4ne?= <jane@example.org>"},
		{"", ""},
		{"jane", ""},
		{"jane@example.org, eve@example.org", ""},
		{"jane@example.org\r\nBcc: eve@example.org", ""},
		{"=?utf-8?q?a=0D=0ABcc:_eve@example.org?= <jane@example.org>", ""},
		{`"jane eve"@example.org`, ""},
		{`"-oQ/tmp"@example.org`, ""},
		{"-oQ@example.org", ""},
		{"jäne@example.org", ""},
		{"jane@exämple.org", ""},
	} {
		got, err := ParseAddress(test.text)
		if test.want == "" && err == nil || test.want != "" && (err != nil || got.String() != test.want) {
			t.Errorf("ParseAddress(%q) = %v, %v, want %q", test.text, got, err, test.want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"jane@example.org", "Jane <jane@example.org>", "=?utf-8?q?=0A?= <a@b>", `"a b"@c`, "a@[1.2.3.4]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddress(text)
		if err != nil {
			return
		}
		list, err := mail.ParseAddressList(a.String())
		if err != nil || len(list) != 1 || list[0].Address != a.Address || strings.ContainsAny(a.String(), "\r\n\x00") {
			t.Errorf("%q became %q: %v", text, a, err)
		}
	})
}
