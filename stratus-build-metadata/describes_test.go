package main

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/xml"
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// facts are what a document says of the bytes of an image.
type facts struct {
	About, Identifier, Bytes, Format, Compression string
	Checksums                                     []checksum
}

type checksum struct {
	Algorithm string `xml:"http://mp.stratuslab.eu/slreq# algorithm"`
	Value     string `xml:"http://mp.stratuslab.eu/slreq# value"`
}

// describes checks a document against the uncompressed image with nothing of
// this project: describes DOCUMENT IMAGE FORMAT [COMPRESSION].
func describes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: describes DOCUMENT IMAGE FORMAT [COMPRESSION]")
	}
	var doc struct {
		Description struct {
			About       string     `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# about,attr"`
			Identifier  string     `xml:"http://purl.org/dc/terms/ identifier"`
			Bytes       string     `xml:"http://mp.stratuslab.eu/slreq# bytes"`
			Format      string     `xml:"http://purl.org/dc/terms/ format"`
			Compression string     `xml:"http://purl.org/dc/terms/ compression"`
			Checksums   []checksum `xml:"http://mp.stratuslab.eu/slreq# checksum"`
		} `xml:"http://www.w3.org/1999/02/22-rdf-syntax-ns# Description"`
	}
	ts.Check(xml.Unmarshal([]byte(ts.ReadFile(args[0])), &doc))
	image := []byte(ts.ReadFile(args[1]))
	sha := sha1.Sum(image)
	id := base64.URLEncoding.EncodeToString(append([]byte{0}, sha[:]...))[1:]
	want := facts{
		About: "#" + id, Identifier: id, Bytes: fmt.Sprint(len(image)), Format: args[2],
		Checksums: []checksum{
			{"MD5", fmt.Sprintf("%x", md5.Sum(image))}, {"SHA-1", fmt.Sprintf("%x", sha)},
			{"SHA-256", fmt.Sprintf("%x", sha256.Sum256(image))}, {"SHA-512", fmt.Sprintf("%x", sha512.Sum512(image))},
		},
	}
	if len(args) == 4 {
		want.Compression = args[3]
	}
	d := doc.Description
	if diff := cmp.Diff(want, facts{d.About, d.Identifier, d.Bytes, d.Format, d.Compression, d.Checksums}); diff != "" {
		ts.Fatalf("%s does not describe %s (-want +got):\n%s", args[0], args[1], diff)
	}
}
