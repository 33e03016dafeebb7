package metadata

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inDescription makes a document of the contents of its Description.
func inDescription(content string) string {
	return root + "\n  <rdf:Description>" + content + "</rdf:Description>\n</rdf:RDF>\n"
}

func TestSetText(t *testing.T) {
	tests := map[string]struct {
		before string
		term   Term
		value  string
		after  string
	}{
		"into nothing":     {"", Title, "x", "\n    <dcterms:title>x</dcterms:title>\n  "},
		"into white space": {"\n  ", Title, "x", "\n    <dcterms:title>x</dcterms:title>\n  "},
		"first": {
			"\n    <dcterms:type/>\n  ", Identifier, "x",
			"\n    <dcterms:identifier>x</dcterms:identifier>\n    <dcterms:type/>\n  ",
		},
		"first after a comment": {
			"\n    <!--a-->\n    <dcterms:type/>\n  ", Identifier, "x",
			"\n    <!--a-->\n    <dcterms:identifier>x</dcterms:identifier>\n    <dcterms:type/>\n  ",
		},
		"after rdf:type": {
			"\n    <rdf:type/>\n    <slreq:bytes/>\n  ", Identifier, "x",
			"\n    <rdf:type/>\n    <dcterms:identifier>x</dcterms:identifier>\n    <slreq:bytes/>\n  ",
		},
		"between": {
			"\n    <dcterms:type/>\n    <slterms:os/>\n  ", Kind, "x",
			"\n    <dcterms:type/>\n    <slterms:kind>x</slterms:kind>\n    <slterms:os/>\n  ",
		},
		"last": {
			"\n    <dcterms:type/>\n  ", Publisher, "x",
			"\n    <dcterms:type/>\n    <dcterms:publisher>x</dcterms:publisher>\n  ",
		},
		"deprecated after all": {
			"\n    <dcterms:publisher/>\n    <dcterms:replaces/>\n  ", Deprecated, "x",
			"\n    <dcterms:publisher/>\n    <dcterms:replaces/>\n    <slterms:deprecated>x</slterms:deprecated>\n  ",
		},
		"before an extension": {
			"\n    <dcterms:type/>\n    <slterms:tag/>\n  ", Title, "x",
			"\n    <dcterms:type/>\n    <dcterms:title>x</dcterms:title>\n    <slterms:tag/>\n  ",
		},
		"a term without place": {
			"\n    <dcterms:type/>\n    <dcterms:publisher/>\n  ", Term{"slterms", "tag"}, "x",
			"\n    <dcterms:type/>\n    <dcterms:publisher/>\n    <slterms:tag>x</slterms:tag>\n  ",
		},
		"other order": {
			"\n    <slreq:endorsement/>\n    <dcterms:title/>\n    <dcterms:type/>\n  ", Kind, "x",
			"\n    <slreq:endorsement/>\n    <dcterms:title/>\n    <dcterms:type/>\n    <slterms:kind>x</slterms:kind>\n  ",
		},
		"without lines": {
			"<dcterms:type/><slterms:os/>", Kind, "x", "<dcterms:type/><slterms:kind>x</slterms:kind><slterms:os/>",
		},
		"on one line": {
			"<dcterms:type/> <slterms:os/>", Version, "x", "<dcterms:type/> <slterms:os/><slterms:version>x</slterms:version>",
		},
		"tabs": {
			"\n\t\t<dcterms:type/>\n\t", Kind, "x", "\n\t\t<dcterms:type/>\n\t\t<slterms:kind>x</slterms:kind>\n\t",
		},
		"after a blank line": {
			"\n\n    <dcterms:type/>\n  ", Kind, "x", "\n\n    <dcterms:type/>\n    <slterms:kind>x</slterms:kind>\n  ",
		},
		"empty": {"\n    <dcterms:type/>\n  ", Kind, "", "\n    <dcterms:type/>\n    <slterms:kind/>\n  "},
		"replaced": {
			"\n    <dcterms:title>a</dcterms:title>\n  ", Title, "x", "\n    <dcterms:title>x</dcterms:title>\n  ",
		},
		"emptied": {"\n    <dcterms:title>a</dcterms:title>\n  ", Title, "", "\n    <dcterms:title/>\n  "},
		"language kept": {
			`<dcterms:title xml:lang="en">a</dcterms:title>`, Title, "x", `<dcterms:title xml:lang="en">x</dcterms:title>`,
		},
		"everything replaced": {
			"<dcterms:title>a<b/>c<!--d--><?e?><![CDATA[f]]></dcterms:title>", Title, "x", "<dcterms:title>x</dcterms:title>",
		},
		"equal CDATA kept": {
			"<dcterms:title><![CDATA[x]]></dcterms:title>", Title, "x", "<dcterms:title><![CDATA[x]]></dcterms:title>",
		},
		"equal but for a comment": {"<dcterms:title>x<!--d--></dcterms:title>", Title, "x", "<dcterms:title>x</dcterms:title>"},
		"further ones removed": {
			"\n    <dcterms:title>a</dcterms:title>\n    <dcterms:type/>\n    <dcterms:title>b</dcterms:title>\n  ", Title, "x",
			"\n    <dcterms:title>x</dcterms:title>\n    <dcterms:type/>\n  ",
		},
		"only directly": {
			`<dcterms:type/><a><dcterms:title>b</dcterms:title></a>`, Title, "x",
			`<dcterms:type/><dcterms:title>x</dcterms:title><a><dcterms:title>b</dcterms:title></a>`,
		},
		"other prefix": {
			`<t xmlns="http://purl.org/dc/terms/"/><d:title xmlns:d="http://purl.org/dc/terms/">a</d:title>`, Title, "x",
			`<t xmlns="http://purl.org/dc/terms/"/><d:title xmlns:d="http://purl.org/dc/terms/">x</d:title>`,
		},
		"not of the namespace": {
			`<d:title xmlns:d="u">a</d:title><dcterms:type/>`, Title, "x",
			`<d:title xmlns:d="u">a</d:title><dcterms:type/><dcterms:title>x</dcterms:title>`,
		},
		"escaped": {
			"", Title, "a & b <c> \"d\" 'e' ]]>\r\t\n é 日 \U0001F600",
			"\n    <dcterms:title>a &amp; b &lt;c&gt; \"d\" 'e' ]]&gt;&#xD;\t\n é 日 \U0001F600</dcterms:title>\n  ",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, inDescription(test.before))
			d.SetText(test.term, test.value)
			got := write(t, d)
			if diff := cmp.Diff(inDescription(test.after), got); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if again := mustParse(t, got); again.Text(test.term) != test.value || !again.Has(test.term) {
				t.Errorf("text %q when read again, want %q", again.Text(test.term), test.value)
			}
			d.SetText(test.term, test.value)
			if diff := cmp.Diff(got, write(t, d)); diff != "" {
				t.Errorf("document when set again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetTextEveryPlace(t *testing.T) {
	terms := []Term{
		Type, Kind, OS, OSVersion, OSArch, Version, Compression, Location, Format, Creator, Created, Valid, Title, Alternative,
		Description, Hypervisor, DisksBus, Publisher, IsVersionOf, Replaces, IsReplacedBy, Deprecated,
	}
	forward, backward := New(), New()
	for i := range terms {
		forward.SetText(terms[i], terms[i].Name)
		backward.SetText(terms[len(terms)-1-i], terms[len(terms)-1-i].Name)
	}
	want := "\n    " + unendorsed
	for _, term := range terms {
		want += "\n    <" + term.String() + ">" + term.Name + "</" + term.String() + ">"
	}
	for name, d := range map[string]*Document{"forward": forward, "backward": backward} {
		if diff := cmp.Diff(inDescription(want+"\n  "), strings.SplitN(write(t, d), "\n", 2)[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSetTextDeclares(t *testing.T) {
	const rdf = `xmlns:rdf="` + rdfNamespace + `"`
	tests := map[string]struct{ before, after string }{
		"no declaration": {
			`<rdf:RDF ` + rdf + `><rdf:Description/></rdf:RDF>`,
			`<rdf:RDF ` + rdf + ` xmlns:dcterms="http://purl.org/dc/terms/"><rdf:Description><dcterms:title>x</dcterms:title>` +
				`</rdf:Description></rdf:RDF>`,
		},
		"prefix taken": {
			`<rdf:RDF ` + rdf + ` xmlns:dcterms="u"><rdf:Description><dcterms:a/></rdf:Description></rdf:RDF>`,
			`<rdf:RDF ` + rdf + ` xmlns:dcterms="u" xmlns:dcterms_="http://purl.org/dc/terms/"><rdf:Description>` +
				`<dcterms_:title>x</dcterms_:title><dcterms:a/></rdf:Description></rdf:RDF>`,
		},
		"prefix taken on the Description": {
			`<rdf:RDF ` + rdf + ` xmlns:dcterms="http://purl.org/dc/terms/"><rdf:Description xmlns:dcterms="u"/></rdf:RDF>`,
			`<rdf:RDF ` + rdf + ` xmlns:dcterms="http://purl.org/dc/terms/" xmlns:dcterms_="http://purl.org/dc/terms/">` +
				`<rdf:Description xmlns:dcterms="u"><dcterms_:title>x</dcterms_:title></rdf:Description></rdf:RDF>`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, test.before)
			d.SetText(Title, "x")
			got := write(t, d)
			if diff := cmp.Diff(test.after, got); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if text := mustParse(t, got).Text(Title); text != "x" {
				t.Errorf("title %q when read again, want %q", text, "x")
			}
		})
	}
}

func TestSetTexts(t *testing.T) {
	location := func(attribute, text string) string {
		return "\n    <slterms:location" + attribute + ">" + text + "</slterms:location>"
	}
	const (
		kind  = "\n    <slterms:kind/>"
		title = "\n    <dcterms:title/>"
	)
	a, b, c := location(` n="1"`, "a"), location(` n="2"`, "b"), location(` n="3"`, "c")
	newA, newX, newY := location("", "a"), location("", "x"), location("", "y")
	tests := map[string]struct {
		before string
		values []string
		after  string
	}{
		"none to two":         {kind + title, []string{"x", "y"}, kind + newX + newY + title},
		"removed":             {kind + a + b + title, nil, kind + title},
		"nothing to remove":   {kind + title, nil, kind + title},
		"equal":               {kind + a + b + title, []string{"a", "b"}, kind + a + b + title},
		"one added":           {kind + a + title, []string{"a", "x"}, kind + a + newX + title},
		"one put first":       {kind + a + title, []string{"x", "a"}, kind + newX + a + title},
		"one put between":     {kind + a + b + title, []string{"a", "x", "b"}, kind + a + newX + b + title},
		"first removed":       {kind + a + b + c + title, []string{"b", "c"}, kind + b + c + title},
		"middle removed":      {kind + a + b + c + title, []string{"a", "c"}, kind + a + c + title},
		"middle replaced":     {kind + a + b + c + title, []string{"a", "x", "c"}, kind + a + newX + c + title},
		"all replaced":        {kind + a + b + title, []string{"x", "y"}, kind + newX + newY + title},
		"swapped":             {kind + a + b + title, []string{"b", "a"}, kind + b + newA + title},
		"repeated":            {kind + a + title, []string{"a", "a"}, kind + a + newA + title},
		"scattered":           {a + kind + b + title, []string{"a", "b", "x"}, a + kind + b + newX + title},
		"all of the document": {a, nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, inDescription(test.before+"\n  "))
			d.SetTexts(Location, test.values)
			got := write(t, d)
			if diff := cmp.Diff(inDescription(test.after+"\n  "), got); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.values, mustParse(t, got).Texts(Location)); diff != "" {
				t.Errorf("texts when read again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestText(t *testing.T) {
	d := mustParse(t, inDescription("<dcterms:title>a<![CDATA[ & ]]>b<!--c-->d<?e?>f<g>h<i>j</i></g>k</dcterms:title>"+
		"<dcterms:title>l</dcterms:title><dcterms:valid/>"))
	if got, want := d.Text(Title), "a & bdfhjk"; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"a & bdfhjk", "l"}, d.Texts(Title)); diff != "" {
		t.Errorf("titles (-want +got):\n%s", diff)
	}
	if d.Text(Valid) != "" || !d.Has(Valid) || d.Text(Created) != "" || d.Has(Created) {
		t.Errorf("valid %q %v, created %q %v; want both empty and only the first there", d.Text(Valid), d.Has(Valid),
			d.Text(Created), d.Has(Created))
	}
}

func TestTermWithoutNamespace(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a prefix that no Term has")
		}
	}()
	New().SetText(Term{"ex", "a"}, "x")
}
