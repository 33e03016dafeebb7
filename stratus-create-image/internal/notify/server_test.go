package notify

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseServer(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  Server
		shown string // empty: refused
	}{
		{"smtp://mail.example.org", Server{"mail.example.org", 587, false}, "smtp://mail.example.org:587"},
		{"smtp://Mail.Example.org:25/", Server{"mail.example.org", 25, false}, "smtp://mail.example.org:25"},
		{"smtps://mail.example.org", Server{"mail.example.org", 465, true}, "smtps://mail.example.org:465"},
		{"smtps://[2001:db8::1]:2465", Server{"2001:db8::1", 2465, true}, "smtps://[2001:db8::1]:2465"},
		{text: ""},
		{text: "mail.example.org"},
		{text: "mail.example.org:25"},
		{text: "smtp:mail.example.org"},
		{text: "smtp://"},
		{text: "smtp://:25"},
		{text: "smtp://::1"},
		{text: "smtp://mail server"},
		{text: "smtp://[fe80::1%25eth0]"},
		{text: "smtp://mail.example.org:"},
		{text: "smtp://mail.example.org:0"},
		{text: "smtp://mail.example.org:65536"},
		{text: "smtp://mail.example.org:hunter2"},
		{text: "smtp://mail.example.org/inbox"},
		{text: "smtp://mail.example.org?tls=hunter2"},
		{text: "smtp://mail.example.org#x"},
		{text: "smtp://jane:hunter2@mail.example.org"},
		{text: "smtp://jane@mail.example.org"},
		{text: "smtp://jane:hunter2%zz@mail.example.org"},
		{text: "http://mail.example.org"},
		{text: "unix:///run/mail"},
		{text: "smtp://mail.example.org\r\nQUIT"},
	} {
		got, err := ParseServer(test.text)
		switch {
		case test.shown == "" && err == nil:
			t.Errorf("ParseServer(%q) = %v", test.text, got)
		case test.shown == "" && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("ParseServer(%q): the error tells the password: %v", test.text, err)
		case test.shown != "" && (err != nil || got.String() != test.shown || !cmp.Equal(got, test.want)):
			t.Errorf("ParseServer(%q) = %#v, %v, want %#v", test.text, got, err, test.want)
		}
	}
}

func FuzzParseServer(f *testing.F) {
	for _, seed := range []string{"smtp://mail.example.org", "smtps://[::1]:465/", "smtp://a:b@c", "smtp://localhost:25",
		"smtp://%41", "smtp://::1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseServer(text)
		if err != nil {
			return
		}
		again, err := ParseServer(s.String())
		if err != nil || again != s {
			t.Errorf("%q is %#v, and that as a URL, %q, is %#v: %v", text, s, s.String(), again, err)
		}
	})
}
