package metadata

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestIdentifier(t *testing.T) {
	sum := func(content string) string {
		digest := sha1.Sum([]byte(content))
		return hex.EncodeToString(digest[:])
	}
	tests := map[string]struct{ digest, want string }{
		"foo":                {sum("foo"), "Avux7XqPw_byV0N1H88W8J12ooz"},
		"leading zeros":      {sum("16055"), "AAAVdQcimIFLdQmWS6KSjNCv1Zd"},
		"empty image":        {sum(""), "No5o-5ea0sNMlW_75VgGJCv2AcJ"},
		"first":              {"c319bbd5afc0a22ba3eaed0507c39383ec28eeff", "MMZu9WvwKIro-rtBQfDk4PsKO7_"},
		"second":             {"1104f3e30c030f8b93f220b04131032dddf51f21", "BEE8-MMAw-Lk_IgsEExAy3d9R8h"},
		"leading zero digit": {"024a8581d43fbf76d96ae3ec53b260bcddddad46", "AJKhYHUP7922Wrj7FOyYLzd3a1G"},
		"least":              {strings.Repeat("00", 20), strings.Repeat("A", 27)},
		"greatest":           {strings.Repeat("ff", 20), "P" + strings.Repeat("_", 26)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			digest := unhex(t, test.digest)
			if got := IdentifierOf(digest); got != test.want {
				t.Errorf("identifier of %s is %q, want %q", test.digest, got, test.want)
			}
			if got := IdentifierOf(digest); got != test.want {
				t.Errorf("identifier of an image with %s is %q, want %q", test.digest, got, test.want)
			}
			got, err := DecodeIdentifier(test.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(digest, got); diff != "" {
				t.Errorf("decoded %q (-want +got):\n%s", test.want, diff)
			}
		})
	}
}

func TestIdentifierOfOtherLengths(t *testing.T) {
	for _, length := range []int{0, 19, 21, 32} {
		if got := IdentifierOf(make([]byte, length)); got != "" {
			t.Errorf("identifier of %d bytes is %q, want none", length, got)
		}
	}
}

func TestDecodeIdentifierRefuses(t *testing.T) {
	for _, id := range []string{
		"", "A", "Avux7XqPw_byV0N1H88W8J12oo", "Avux7XqPw_byV0N1H88W8J12oozA", "Qvux7XqPw_byV0N1H88W8J12ooz",
		"_vux7XqPw_byV0N1H88W8J12ooz", "Avux7XqPw/byV0N1H88W8J12ooz", "Avux7XqPw+byV0N1H88W8J12ooz", "Avux7XqPw_byV0N1H88W8J12oo=",
		"Avux7XqPw_byV0N1H88W8J12oo\n", "Avux7XqPw_byV0N1H88W8J12oo\r", "Avux7XqPw_byV0N1H88W8J12ooz\n",
		" vux7XqPw_byV0N1H88W8J12ooz", "Avux7XqPw_byV0N1H88W8J12o\u00e9",
	} {
		if got, err := DecodeIdentifier(id); err == nil {
			t.Errorf("DecodeIdentifier(%q) = %x, want an error", id, got)
		}
	}
}

func TestSetImage(t *testing.T) {
	m, s1, s2, s5 := md5.Sum([]byte("foo")), sha1.Sum([]byte("foo")), sha256.Sum256([]byte("foo")), sha512.Sum512([]byte("foo"))
	image := diskimage.Image{Bytes: 3, MD5: m[:], SHA1: s1[:], SHA256: s2[:], SHA512: s5[:]}
	d := New()
	d.SetText(Type, "base")
	d.SetImage(image)
	const want = ` rdf:about="#Avux7XqPw_byV0N1H88W8J12ooz">
    <dcterms:identifier>Avux7XqPw_byV0N1H88W8J12ooz</dcterms:identifier>
    <slreq:bytes>3</slreq:bytes>
    <slreq:checksum rdf:parseType="Resource">
      <slreq:algorithm>MD5</slreq:algorithm>
      <slreq:value>acbd18db4cc2f85cedef654fccc4a4d8</slreq:value>
    </slreq:checksum>
    <slreq:checksum rdf:parseType="Resource">
      <slreq:algorithm>SHA-1</slreq:algorithm>
      <slreq:value>0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33</slreq:value>
    </slreq:checksum>
    <slreq:checksum rdf:parseType="Resource">
      <slreq:algorithm>SHA-256</slreq:algorithm>
      <slreq:value>2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae</slreq:value>
    </slreq:checksum>
    <slreq:checksum rdf:parseType="Resource">
      <slreq:algorithm>SHA-512</slreq:algorithm>
      <slreq:value>` +
		`f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc663832` +
		`6e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7` +
		`</slreq:value>
    </slreq:checksum>
    <slreq:endorsement rdf:parseType="Resource"/>
    <dcterms:type>base</dcterms:type>
  </rdf:Description>`
	once := write(t, d)
	_, got, _ := strings.Cut(once, "<rdf:Description")
	if diff := cmp.Diff(want+"\n</rdf:RDF>\n", got); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	if err := d.Check(Draft); err != nil {
		t.Error(err)
	}
	read, err := mustParse(t, once).Image()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(image, read); diff != "" {
		t.Errorf("image when read again (-want +got):\n%s", diff)
	}
	d.SetImage(image)
	if diff := cmp.Diff(once, write(t, d)); diff != "" {
		t.Errorf("document when set again (-want +got):\n%s", diff)
	}
}

func TestSetImageReplaces(t *testing.T) {
	empty := sha1.Sum(nil)
	image := diskimage.Image{SHA1: empty[:]}
	for _, file := range []string{"complete.xml", vectors + "plain.xml", vectors + "signed-by-stratuslab/plain.rsa-san.xml"} {
		d := load(t, file)
		d.SetImage(image)
		if err := d.Check(Draft); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		got, err := d.Image()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(image, got); diff != "" {
			t.Errorf("%s: image (-want +got):\n%s", file, diff)
		}
	}
}

func TestSetImageOtherPrefix(t *testing.T) {
	d := mustParse(t, `<r:RDF xmlns:r="`+rdfNamespace+`"><r:Description about="" r:about="a"/></r:RDF>`)
	foo := sha1.Sum([]byte("foo"))
	d.SetImage(diskimage.Image{Bytes: 3, SHA1: foo[:]})
	const want = `<r:Description about="" r:about="#Avux7XqPw_byV0N1H88W8J12ooz">`
	if got := write(t, d); !strings.Contains(got, want) {
		t.Errorf("document %s, want %s in it", got, want)
	}
}

func TestSetImageWithoutSHA1(t *testing.T) {
	d := load(t, "complete.xml")
	d.SetImage(diskimage.Image{Bytes: 3})
	want := []string{"schema: rdf:Description", "schema: rdf:Description", "constraint 4: rdf:Description",
		"constraint 12: dcterms:identifier"}
	if diff := cmp.Diff(want, problems(t, d.Check(Draft))); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestImage(t *testing.T) {
	want := diskimage.Image{
		Bytes:  3,
		MD5:    unhex(t, "acbd18db4cc2f85cedef654fccc4a4d8"),
		SHA1:   unhex(t, "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"),
		SHA256: unhex(t, "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
	}
	got, err := load(t, "complete.xml").Image()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	tests := map[string]struct {
		edits []string
		want  string
	}{
		"no size":     {edits(size, ""), "0 elements slreq:bytes"},
		"two sizes":   {edits(size, size+size), "2 elements slreq:bytes"},
		"bad size":    {edits(size, "<slreq:bytes>3 B</slreq:bytes>"), `slreq:bytes "3 B"; want decimal digits`},
		"two digests": {edits(sha1Sum, sha1Sum+sha1Sum), "more than one slreq:checksum of SHA-1"},
		"short digest": {
			edits("acbd18db4cc2f85cedef654fccc4a4d8", "acbd"),
			`slreq:value "acbd": not a valid MD5 digest; want 32 hexadecimal digits`,
		},
		"digest not hex": {
			edits("acbd18db4cc2f85cedef654fccc4a4d8", "zcbd18db4cc2f85cedef654fccc4a4d8"), "not a valid MD5 digest",
		},
		"empty digest": {edits("acbd18db4cc2f85cedef654fccc4a4d8", ""), `slreq:value "": not a valid MD5`},
		"no digest at all": {
			edits("<slreq:value>acbd18db4cc2f85cedef654fccc4a4d8</slreq:value>", ""), `slreq:value "": not a valid MD5`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := mustParse(t, edit(t, source(t, "complete.xml"), test.edits)).Image()
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that wraps ErrInvalid with %q in it", err, test.want)
			}
		})
	}
}

func TestTime(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	const want = "2026-02-03T23:05:06Z"
	if got := FormatTime(time.Date(2026, 2, 4, 1, 5, 6, 999, zone)); got != want {
		t.Errorf("FormatTime returns %q, want %q", got, want)
	}
	got, err := ParseTime(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(time.Date(2026, 2, 3, 23, 5, 6, 0, time.UTC), got); diff != "" {
		t.Errorf("ParseTime(%q) (-want +got):\n%s", want, diff)
	}
	for _, s := range []string{
		"", "2026-02-03", "2026-02-03T23:05:06", "2026-02-03T23:05:06z", "2026-02-03 23:05:06Z", "2026-02-03T23:05:06+00:00",
		"2026-02-03T23:05:06.5Z", "2026-02-03T23:05:06,5Z", "2026-02-03T3:05:06Z", "2026-2-3T23:05:06Z", "2026-02-30T23:05:06Z",
		"2026-13-03T23:05:06Z", "2026-02-03T24:00:00Z", "2026-02-03T23:60:00Z", "2026-02-03T23:05:60Z", " 2026-02-03T23:05:06Z",
		"2026-02-03T23:05:06Z\n", "12026-02-03T23:05:06Z", "-026-02-03T23:05:06Z",
	} {
		if got, err := ParseTime(s); err == nil {
			t.Errorf("ParseTime(%q) = %v, want an error", s, got)
		}
	}
}
