package describe

import (
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
)

func TestLocation(t *testing.T) {
	tests := []struct {
		value string
		good  bool
	}{
		{"https://example.org/image.qcow2", true},
		{"http://example.org:8080/a%20b?c=d&e=%C3%A9#f", true},
		{"http://[2001:db8::1]/image", true},
		{"sftp://user@example.org/~/image", true},
		{"file:///srv/images/image", true},
		{"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", true},
		{"", false},
		{"image.qcow2", false},
		{"/srv/image", false},
		{"//example.org/image", false},
		{"https:", false},
		{"https:///image", false},
		{"https://example.org/a b", false},
		{"https://example.org/a\nb", false},
		{"https://example.org/%", false},
		{"https://example.org/?%%", false},
		{"https://example.org/é", false},
		{"https://example.org/<a>", false},
		{"https://example.org:port/", false},
		{"1http://example.org/", false},
	}
	for _, tt := range tests {
		if _, err := ParseLocation(tt.value); (err == nil) != tt.good {
			t.Errorf("ParseLocation(%q) = %v, want good %v", tt.value, err, tt.good)
		}
	}
}

// FuzzLocation: whatever passes can stand in a document.
func FuzzLocation(f *testing.F) {
	for _, seed := range []string{"https://example.org/a?b=%20#c", "urn:a:b", "http://[::1]/", "a:%", "http://a b", "x:\x00",
		"\xff:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if _, err := ParseLocation(value); err != nil {
			return
		}
		doc := metadata.New()
		doc.SetImage(diskimage.Image{SHA1: make([]byte, 20)})
		doc.SetText(metadata.Type, "base")
		doc.SetTexts(metadata.Location, []string{value})
		if err := doc.Check(metadata.Draft); err != nil {
			t.Errorf("location %q: %v", value, err)
		}
	})
}

func TestDays(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		value string
		want  time.Duration // 0 for an error
	}{
		{"1", day}, {"180", 180 * day}, {"180d", 180 * day}, {"36500", 36500 * day},
		{
			"", 0}, {"d", 0}, {"0", 0}, {"-1", 0}, {"+1", 0}, {"1.5", 0}, {" 1", 0}, {"1dd", 0}, {"1w", 0}, {"36501",
			0}, {"4294967297", 0},
	}
	for _, tt := range tests {
		if got, err := ParseDays(tt.value); got != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("ParseDays(%q) = %v, %v; want %v", tt.value, got, err, tt.want)
		}
	}
}

func FuzzDays(f *testing.F) {
	for _, seed := range []string{"180", "30d", "0", "36500", "99999999999999999999", "d", "1e3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := ParseDays(value)
		if err == nil && (got < 24*time.Hour || got > maxDays*24*time.Hour) {
			t.Errorf("ParseDays(%q) = %v, out of bounds", value, got)
		}
	})
}

func TestParseTexts(t *testing.T) {
	tests := []struct {
		name  string
		parse func(string) (string, error)
		value string
		want  string // part of the error, empty for none
	}{
		{"one of the words", report.OneOf("a", "b", "c"), "b", ""},
		{"none of the words", report.OneOf("a", "b", "c"), "A", "not supported; want a, b or c"},
		{"something", SomeText, " x", ""},
		{"white space", SomeText, " \n\t", "it is empty"},
		{"an identifier", ParseIdentifier, "MMZu9WvwKIro-rtBQfDk4PsKO7_", ""},
		{"an identifier of 161 bits", ParseIdentifier, "QMZu9WvwKIro-rtBQfDk4PsKO7_", "identifier"},
		{"anything", AnyText, "", ""},
		{"no character", AnyText, "\x01", "not a valid text"},
	}
	for _, tt := range tests {
		got, err := tt.parse(tt.value)
		if (err == nil) != (tt.want == "") || err == nil && got != tt.value || err != nil && !strings.Contains(err.Error(),
			tt.want) {
			t.Errorf("%s: %q gave %v, want %q", tt.name, tt.value, err, tt.want)
		}
	}
}
