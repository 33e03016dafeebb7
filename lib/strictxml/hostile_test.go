package strictxml

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestHostile reads long documents of what makes careless readers quadratic or
// exhausts their stack; such a reader shows here by its time, or crashes.
func TestHostile(t *testing.T) {
	const size = 1 << 19
	fill := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (size-len(head)-len(tail))/len(unit)) + tail
	}
	const levels = 250
	var crowded strings.Builder
	for level := range levels {
		crowded.WriteString("<a")
		for i := range 60 {
			fmt.Fprintf(&crowded, " xmlns:p%dx%d='u'", level, i)
		}
		crowded.WriteString(">")
	}
	half := strings.Repeat("<a>", size/7)

	tests := map[string]struct {
		src      string
		accepted bool
	}{
		"comments":            {fill("<a>", "<!---->", "</a>"), true},
		"comments after":      {fill("<a/>", "<!---->", ""), true},
		"instructions":        {fill("<a>", "<?p?>", "</a>"), true},
		"references":          {fill("<a>", "&amp;", "</a>"), true},
		"brackets":            {fill("<a>", "]]", "</a>"), true},
		"carriage returns":    {fill("<a>", "\r", "</a>"), true},
		"CDATA sections":      {fill("<a>", "<![CDATA[]]>", "</a>"), true},
		"CDATA in CDATA":      {fill("<a><![CDATA[", "<![CDATA[", "]]></a>"), true},
		"long name":           {fill("<", "a", "/>"), true},
		"long prefix":         {fill("<", "a", ":a/>"), false},
		"long attribute":      {fill("<a b='", "&#9;", "'/>"), true},
		"empty elements":      {fill("<a>", "<b/>", "</a>"), true},
		"nested elements":     {half + strings.Repeat("</a>", size/7), true},
		"start tags":          {fill("", "<a>", ""), false},
		"equal attributes":    {fill("<a ", "b='' ", "/>"), false},
		"ampersands":          {fill("<a>", "&", "</a>"), false},
		"hyphens":             {fill("<a><!", "-", "></a>"), false},
		"open comments":       {fill("<a>", "<!--", ""), false},
		"prefix declared far": {fill("<r xmlns:p='u'>"+crowded.String(), "<p:b/>", strings.Repeat("</a>", levels)+"</r>"), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(test.src), Limits{Depth: size, Nodes: size, Attributes: size})
			if accepted := err == nil; accepted != test.accepted {
				t.Errorf("accepted = %v, want %v (error %v)", accepted, test.accepted, err)
			}
			if err != nil && !errors.Is(err, ErrSyntax) {
				t.Errorf("error %v, want one that wraps ErrSyntax", err)
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("error of %d bytes, want a short one", len(err.Error()))
			}
		})
	}
}
