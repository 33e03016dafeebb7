package strictxml

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// refused are documents that Parse must refuse, with a part of the message.
// Policy marks those that are well formed all the same: what libxml2 accepts
// and this package does not allow.
var refused = []struct {
	name, src, want string
	policy          bool
}{
	{name: "empty", src: "", want: "line 1: no element"},
	{name: "white space only", src: " \n", want: "line 2: no element"},
	{name: "comment only", src: "<!--a-->", want: "no element"},
	{name: "two roots", src: "<a/>\n<b/>", want: "line 2: second root element"},
	{name: "text before", src: "x<a/>", want: "text outside the root"},
	{name: "text after", src: "<a/>x", want: "text outside the root"},
	{name: "reference after", src: "<a/>&#32;", want: "text outside the root"},
	{name: "CDATA before", src: "<![CDATA[]]><a/>", want: "CDATA section outside"},
	{name: "CDATA after", src: "<a/><![CDATA[ ]]>", want: "CDATA section outside"},
	{name: "end tag only", src: "</a>", want: "end tag outside"},
	{name: "end tag after", src: "<a/></a>", want: "end tag outside"},
	{name: "byte order mark twice", src: "\ufeff\ufeff<a/>", want: "text outside"},

	{name: "no end tag", src: "<a>\n", want: "line 1: element a has no end tag"},
	{name: "no end tag inside", src: "<a><b></a>", want: "end tag of a inside b"},
	{name: "other prefix", src: "<p:a xmlns:p='u' xmlns:q='u'></q:a>", want: "end tag of q:a inside p:a"},
	{name: "other case", src: "<a></A>", want: "end tag of A inside a"},
	{name: "attribute in end tag", src: "<a></a b='c'>", want: `no ">" after the name`},
	{name: "end tag without name", src: "<a></>", want: "no name"},
	{name: "end tag cut", src: "<a></a", want: `no ">" after the name`},
	{name: "tag cut", src: "<a", want: `tag of a has no ">"`},
	{name: "tag cut in value", src: "<a b='", want: "no closing '"},
	{name: "space before name", src: "< a/>", want: "no name"},
	{name: "slash and space", src: "<a/ >", want: "white space"},
	{name: "digit first", src: "<1/>", want: "no name"},
	{name: "two colons", src: "<a:b:c xmlns:a='u'/>", want: "no name"},
	{name: "colon first", src: "<:a/>", want: "no name"},
	{name: "colon last", src: "<a: xmlns:a='u'/>", want: "no name"},
	{name: "local part begins with digit", src: "<a:1 xmlns:a='u'/>", want: "no name"},
	{name: "name of the fifth edition", src: "<\u0220/>", want: "no name", policy: true},
	{name: "less-than in tag", src: "<a <b/>", want: "no name"},

	{name: "duplicate attribute", src: "<a b='1' b='1'/>", want: "attribute b is given twice"},
	{name: "duplicate by namespace", src: "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", want: "attribute q:b is given twice"},
	{name: "no space between attributes", src: `<a b="1"c="2"/>`, want: "white space"},
	{name: "no value", src: "<a b/>", want: `no "=" after attribute b`},
	{name: "no quotes", src: "<a b=c/>", want: "value of attribute b is not quoted"},
	{name: "less-than in attribute", src: "<a b='<'/>", want: `"<" in an attribute`},
	{name: "bare ampersand in attribute", src: "<a b='a & b'/>", want: `"&" begins no reference`},

	{name: "undeclared prefix", src: "<p:a/>", want: `prefix "p" of element p:a is not declared`},
	{name: "undeclared attribute prefix", src: "<a p:b=''/>", want: `prefix "p" of attribute p:b is not declared`},
	{name: "prefix out of scope", src: "<a><b xmlns:p='u'/><p:c/></a>", want: "is not declared"},
	{name: "prefix out of scope after end tag", src: "<a><b xmlns:p='u'></b><p:c/></a>", want: "is not declared"},
	{name: "prefix undone", src: "<a xmlns:p='u'><b xmlns:p=''/></a>", want: "only the default namespace can be undone"},
	{name: "duplicate default declaration", src: "<a xmlns='u' xmlns='v'/>", want: `prefix "" is declared twice`},
	{name: "duplicate declaration", src: "<a xmlns:p='u' xmlns:p='u'/>", want: `prefix "p" is declared twice`},
	{name: "xml rebound", src: "<a xmlns:xml='u'/>", want: "the prefix xml always stands for"},
	{name: "xml undone", src: "<a xmlns:xml=''/>", want: "the prefix xml always stands for"},
	{name: "other prefix for xml", src: "<a xmlns:p='" + XMLNamespace + "'/>", want: "only the prefix xml"},
	{name: "xml as default", src: "<a xmlns='" + XMLNamespace + "'/>", want: "only the prefix xml"},
	{name: "xmlns declared", src: "<a xmlns:xmlns='u'/>", want: "the prefix xmlns cannot be declared"},
	{
		name: "xmlns declared as itself", src: "<a xmlns:xmlns='" + xmlnsNamespace + "'/>",
		want: "the prefix xmlns cannot be declared",
	},
	{name: "prefix for xmlns", src: "<a xmlns:p='" + xmlnsNamespace + "'/>", want: "nothing can be bound"},
	{name: "xmlns as default", src: "<a xmlns='" + xmlnsNamespace + "'/>", want: "nothing can be bound"},
	{name: "xmlns as element prefix", src: "<xmlns:a/>", want: `prefix "xmlns" of element`},

	{name: "late declaration", src: " <?xml version='1.0'?><a/>", want: "XML declaration out of place"},
	{name: "declaration after comment", src: "<!--x--><?xml version='1.0'?><a/>", want: "XML declaration out of place"},
	{
		name: "second declaration", src: "<?xml version='1.0'?>\n<?xml version='1.0'?><a/>",
		want: "line 2: XML declaration out of place",
	},
	{name: "declaration inside", src: "<a><?xml version='1.0'?></a>", want: "XML declaration out of place"},
	{name: "declaration in capitals", src: "<?XML version='1.0'?><a/>", want: "XML declaration out of place"},
	{name: "empty declaration", src: "<?xml?><a/>", want: "XML declaration out of place"},
	{name: "declaration with space only", src: "<?xml ?><a/>", want: "malformed XML declaration"},
	{name: "declaration without version", src: "<?xml encoding='UTF-8'?><a/>", want: "malformed XML declaration"},
	{
		name: "declaration out of order", src: "<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>",
		want: "malformed XML declaration",
	},
	{name: "version twice", src: "<?xml version='1.0' version='1.0'?><a/>", want: "malformed XML declaration"},
	{
		name: "standalone twice", src: "<?xml version='1.0' standalone='no' standalone='no'?><a/>",
		want: "malformed XML declaration",
	},
	{name: "unknown in declaration", src: "<?xml version='1.0' a='b'?><a/>", want: "malformed XML declaration"},
	{name: "no space in declaration", src: "<?xml version='1.0'encoding='UTF-8'?><a/>", want: "malformed XML declaration"},
	{name: "no quotes in declaration", src: "<?xml version=1.0?><a/>", want: "malformed XML declaration"},
	{name: "no equals sign in declaration", src: "<?xml version '1.0'?><a/>", want: "malformed XML declaration"},
	{name: "declaration cut", src: "<?xml version='1.0' ", want: "malformed XML declaration"},
	{name: "declaration cut in value", src: "<?xml version='1.0", want: "malformed XML declaration"},
	{name: "declaration ends as a tag", src: "<?xml version='1.0' ><a/>", want: "malformed XML declaration"},
	{name: "version 1.1", src: "<?xml version='1.1'?><a/>", want: `version "1.1"`, policy: true},
	{name: "version 2.0", src: "<?xml version='2.0'?><a/>", want: `version "2.0"`},
	{name: "version with reference", src: "<?xml version='1&#46;0'?><a/>", want: "version"},
	{name: "Latin 1", src: "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", want: `encoding "ISO-8859-1"`, policy: true},
	{name: "ASCII", src: "<?xml version='1.0' encoding='US-ASCII'?><a/>", want: `encoding "US-ASCII"`, policy: true},
	{name: "junk encoding", src: "<?xml version='1.0' encoding='junk'?><a/>", want: `encoding "junk"`},
	{name: "no encoding", src: "<?xml version='1.0' encoding=''?><a/>", want: `encoding ""`},
	{name: "junk standalone", src: "<?xml version='1.0' standalone='maybe'?><a/>", want: `standalone "maybe"`},
	{name: "UTF-16", src: "\xff\xfe<\x00a\x00/\x00>\x00", want: "byte 0xff is not UTF-8", policy: true},
	{name: "not UTF-8", src: "<a>\n\xe9</a>", want: "line 2: byte 0xe9 is not UTF-8"},
	{name: "surrogate in UTF-8", src: "<a>\xed\xa0\x80</a>", want: "is not UTF-8"},

	{name: "DOCTYPE", src: "<!DOCTYPE a><a/>", want: "document type declaration", policy: true},
	{name: "DOCTYPE after root", src: "<a/><!DOCTYPE a>", want: "document type declaration"},
	{name: "DOCTYPE inside", src: "<a><!DOCTYPE a></a>", want: "document type declaration"},
	{name: "internal entity", src: "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", want: "document type declaration", policy: true},
	{
		name: "external entity", src: "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", want: "document type declaration",
		policy: true,
	},
	{name: "element declaration", src: "<!ELEMENT a EMPTY><a/>", want: "begins a declaration"},
	{name: "element declaration inside", src: "<a><!ELEMENT a EMPTY></a>", want: "begins a declaration"},
	{name: "small doctype", src: "<!doctype a><a/>", want: "begins a declaration"},

	{name: "undefined entity", src: "<a>&nbsp;</a>", want: `entity "nbsp" is not defined`},
	{name: "undefined entity in attribute", src: "<a b='&nbsp;'/>", want: `entity "nbsp" is not defined`},
	{name: "bare ampersand", src: "<a>\na & b</a>", want: `line 2: "&" begins no reference`},
	{name: "empty reference", src: "<a>&;</a>", want: `entity "" is not defined`},
	{name: "reference to a surrogate", src: "<a>&#xD800;</a>", want: `character reference "#xD800"`},
	{name: "reference to NUL", src: "<a>&#0;</a>", want: `character reference "#0"`},
	{name: "reference to a control", src: "<a b='&#x1F;'/>", want: `character reference "#x1F"`},
	{name: "reference to U+FFFE", src: "<a>&#xFFFE;</a>", want: "character reference"},
	{name: "reference out of range", src: "<a>&#x110000;</a>", want: "character reference"},
	{name: "reference that overflows", src: "<a>&#x100000041;</a>", want: "character reference"},
	{name: "reference with capital X", src: "<a>&#X41;</a>", want: "character reference"},
	{name: "reference with sign", src: "<a>&#+65;</a>", want: "character reference"},
	{name: "reference without digits", src: "<a>&#x;</a>", want: "character reference"},
	{name: "reference with underscore", src: "<a>&#6_5;</a>", want: "character reference"},
	{name: "NUL", src: "<a>\x00</a>", want: "character U+0000"},
	{name: "control", src: "<a>\x01</a>", want: "character U+0001"},
	{name: "control in comment", src: "<a><!--\x0c--></a>", want: "character U+000C"},
	{name: "U+FFFF", src: "<a>\uffff</a>", want: "character U+FFFF"},
	{name: "end of CDATA in text", src: "<a>]]></a>", want: `"]]>" in text`},
	{name: "end of CDATA after reference", src: "<a>&lt;]]></a>", want: `"]]>" in text`},
	{name: "CDATA cut", src: "<a><![CDATA[x]]</a>", want: `no "]]>"`},
	{name: "small cdata", src: "<a><![cdata[x]]></a>", want: "begins a declaration"},

	{name: "hyphens in comment", src: "<a><!-- a -- b --></a>", want: `"--" inside a comment`},
	{name: "three hyphens end", src: "<a><!-- a ---></a>", want: `"--" inside a comment`},
	{name: "short comment", src: "<a><!--></a>", want: `no "-->"`},
	{name: "comment cut", src: "<a/>\n<!-- a ", want: `line 2: comment has no "-->"`},
	{name: "comment cut at hyphens", src: "<a/><!-- a --", want: `"--" inside a comment`},
	{name: "instruction without name", src: "<a><? p?></a>", want: "instruction without a name"},
	{name: "instruction with colon", src: "<a><?p:q r?></a>", want: "name of instruction p goes on"},
	{name: "instruction ends as a tag", src: "<a><?p q></a>", want: `no "?>"`},
	{name: "instruction after root cut", src: "<a/><?p", want: `want white space`},
}

func TestRefused(t *testing.T) {
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.src), Limits{})
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("parsing %q: error %v, want one that wraps ErrSyntax", test.src, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("parsing %q: error %q, want %q in it", test.src, err, test.want)
			}
		})
	}
}

// TestRefusedByLibxml compares the table with an independent reader, so that
// no row calls well-formed XML malformed. A broken namespace rule leaves the
// exit code of xmllint at 0, but not its standard error empty.
func TestRefusedByLibxml(t *testing.T) {
	peers.Need(t, "xmllint")
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "xmllint", "--noout", "--nonet", "-")
			cmd.Stdin = strings.NewReader(test.src)
			output, err := cmd.CombinedOutput()
			if accepted := err == nil && !strings.Contains(string(output), "error :"); accepted != test.policy {
				t.Errorf("xmllint accepts %q: %v, want %v\n%s", test.src, accepted, test.policy, output)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("<a>", n-1) + "<a/>" + strings.Repeat("</a>", n-1) }
	attributes := func(n int) string {
		var b strings.Builder
		b.WriteString("<a xmlns:p='u'")
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, " a%d=''", i)
		}
		return b.String() + "/>"
	}
	nodes := func(n int) string { return "<!--around--><a>" + strings.Repeat("<b/>x", (n-2)/2) + "</a>" }
	tests := map[string]struct {
		limits    Limits
		good, bad string
		want      string
	}{
		"default depth":      {Limits{}, nested(256), nested(257), "at most 256 levels"},
		"depth":              {Limits{Depth: 3}, nested(3), nested(4), "at most 3 levels"},
		"default attributes": {Limits{}, attributes(256), attributes(257), "at most 256"},
		"attributes":         {Limits{Attributes: 2}, attributes(2), attributes(3), "at most 2"},
		"default nodes":      {Limits{}, nodes(20_000), nodes(20_002), "at most 20000"},
		"nodes":              {Limits{Nodes: 4}, nodes(4), nodes(6), "at most 4"},
		"bytes":              {Limits{Bytes: 4}, "<a/>", "<a />", "5 bytes, at most 4"},
		"default bytes": {
			Limits{}, "<a/>" + strings.Repeat(" ", 4<<20-4), "<a/>" + strings.Repeat(" ", 4<<20-3), "at most 4194304",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(test.good), test.limits); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			_, err := Parse([]byte(test.bad), test.limits)
			if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("beyond the limit: error %v, want %q in it", err, test.want)
			}
		})
	}
}
