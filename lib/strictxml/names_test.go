package strictxml

import (
	"encoding/xml"
	"strings"
	"testing"
)

// TestNames compares the tables of names with those of encoding/xml: every
// character of the basic plane, where all name characters are, and a sample of
// the others.
func TestNames(t *testing.T) {
	for r := rune(1); r <= 0x10FFFF; r++ {
		if r > 0xFFFF {
			r += 0xFF
		}
		if strings.ContainsRune(":<>&\"'=/ \t\r\n", r) || r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		for _, name := range []string{string(r), "a" + string(r)} {
			token, err := xml.NewDecoder(strings.NewReader("<" + name + "/>")).RawToken()
			start, ok := token.(xml.StartElement)
			want := err == nil && ok && start.Name.Local == name
			if got := ValidName(name); got != want {
				t.Errorf("ValidName(%q) = %v, encoding/xml says %v", name, got, want)
			}
		}
	}
}
