package signature

import (
	"crypto/x509"
	"math/big"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
)

const (
	endorsementStart = `<slreq:endorsement rdf:parseType="Resource">`
	descriptionEnd   = "\n  </rdf:Description>"
	adaSubject       = "<slreq:subject>CN=Ada Image,OU=Image Factory,O=Example Project,C=EU</slreq:subject>"
	adaIssuer        = "<slreq:issuer>CN=Ada Image,OU=Image Factory,O=Example Project,C=EU</slreq:issuer>"
	adaEmail         = "<slreq:email>ada@example.org</slreq:email>"
	adaEndorsement   = endorsementStart + "<dcterms:created>2026-11-23T01:02:03Z</dcterms:created>" +
		`<slreq:endorser rdf:parseType="Resource">` + adaEmail + adaSubject + adaIssuer + "</slreq:endorser></slreq:endorsement>"
	extension = `<e:x xmlns:e="http://example.org/" rdf:parseType="Resource">`
)

// TestForgedIdentity: documents that an attacker, rsa-utf8, has signed well, but
// that name a victim, rsa-san, at some place where some reader may look.
func TestForgedIdentity(t *testing.T) {
	attacks := []forgery{
		{name: "decoy before", document: []string{"<slreq:bytes>", adaEmail + "<slreq:bytes>"}},
		{
			name:     "decoys before the endorsement",
			document: []string{endorsementStart, adaEmail + adaSubject + adaIssuer + endorsementStart},
		},
		{name: "decoy in the endorsement", document: []string{endorsementStart, endorsementStart + adaEmail}},
		{
			name:     "decoys in an extension",
			document: []string{descriptionEnd, extension + adaEmail + adaSubject + adaIssuer + "</e:x>" + descriptionEnd},
		},
		{
			name:     "decoy endorsement in an extension",
			document: []string{descriptionEnd, extension + adaEndorsement + "</e:x>" + descriptionEnd},
		},
		{name: "decoy endorsement after the Description", document: []string{"</rdf:RDF>", adaEndorsement + "</rdf:RDF>"}},
		{
			name: "decoy Description",
			document: []string{
				"</rdf:RDF>",
				`<x><rdf:Description rdf:about="#J7M1U1pZuOJOcq_d7bypZorP2KY">` + adaEndorsement +
					"</rdf:Description></x></rdf:RDF>",
			},
		},
		{name: "second endorsement", document: []string{"</slreq:endorsement>", "</slreq:endorsement>" + adaEndorsement}},
		{
			name: "second endorser",
			document: []string{
				"</slreq:endorsement>",
				`<slreq:endorser rdf:parseType="Resource">` + adaEmail + adaSubject + adaIssuer +
					"</slreq:endorser></slreq:endorsement>",
			},
		},
		{name: "second email", document: []string{"</slreq:email>", "</slreq:email>" + adaEmail}},
		{name: "second subject", document: []string{"</slreq:subject>", "</slreq:subject>" + adaSubject}},
		{
			name: "two issuers", document: []string{"</slreq:issuer>", "</slreq:issuer>" + adaIssuer}, stage: StageIdentity,
			want: "2 issuers",
		},
		{
			name: "first endorsement", document: []string{endorsementStart, adaEndorsement + endorsementStart},
			stage: StageIdentity, want: "differ: got subject",
		},
		{
			name: "first email", document: []string{"<slreq:email>", adaEmail + "<slreq:email>"}, stage: StageIdentity,
			want: "differ: got e-mail address",
		},
	}
	for i := range attacks {
		f := &attacks[i]
		f.named, f.peer = "rsa-utf8", strictPeer
		if f.stage == "" {
			f.stage, f.want = StageDocument, "invalid image metadata"
		}
	}
	checkForgeries(t, attacks)
}

// TestForgedEndorsement: endorsements that differ from the certificate, or that
// readers take in different ways.
func TestForgedEndorsement(t *testing.T) {
	attacks := []forgery{
		{
			name: "another email", document: []string{"ada@example.org", "eve@example.org"},
			want: `got e-mail address "eve@example.org"`,
		},
		{name: "email in another case", document: []string{"ada@example.org", "Ada@example.org"}, want: "got e-mail address"},
		{name: "space around the email", document: []string{"ada@example.org", " ada@example.org"}, want: "got e-mail address"},
		{name: "no email", document: []string{adaEmail, ""}, want: "got e-mail address"},
		{
			name: "another subject", document: []string{adaSubject, strings.Replace(adaSubject, "Ada", "Eve", 1)},
			want: "got subject",
		},
		{name: "another issuer", document: []string{adaIssuer, strings.Replace(adaIssuer, "Ada", "Eve", 1)}, want: "got issuer"},
		{name: "no issuer", document: []string{adaIssuer, ""}, want: "0 issuers"},
		{
			name: "subject in another order",
			document: []string{
				adaSubject, "<slreq:subject>C=EU,O=Example Project,OU=Image Factory,CN=Ada Image</slreq:subject>",
			},
			want: "got subject",
		},
		{
			name:     "endorser of another namespace",
			document: []string{`<slreq:endorser `, `<dcterms:endorser `, "</slreq:endorser>", "</dcterms:endorser>"},
			want:     "0 issuers",
		},
		{
			name: "empty endorsement",
			document: []string{
				strings.TrimSuffix(endorsementStart, ">"),
				strings.TrimSuffix(endorsementStart, ">") + `/><slreq:old rdf:parseType="Resource"`, "</slreq:endorsement>",
				"</slreq:old>",
			},
			want: "has no endorsement",
		},
		{name: "another day", document: []string{"2026-11-23T01:02:03Z", "yesterday"}, want: "the time of the endorsement"},
	}
	for i := range attacks {
		attacks[i].stage = StageIdentity
	}
	// These say what the certificate says, to readers that read on.
	for _, field := range [][2]string{{"email", "ada@example.org"}, {"subject", "OU=Image Factory"},
		{"identifier", "J7M1U1pZuOJOcq_d7bypZorP2KY</"}, {"created", "2026-11-23T01:02:03Z"}} {
		for kind, split := range map[string]string{"comment": "<!-- -->", "instruction": "<?x?>", "element": "<i/>"} {
			with := field[1][:5] + split + field[1][5:]
			if field[0] == "email" && kind == "element" {
				with = "ada@example.org<i/>"
			}
			attacks = append(attacks, forgery{name: kind + " in the " + field[0], document: twice(field[0], field[1], with),
				stage: StageDocument, want: " inside; want text only"})
			if kind == "comment" {
				attacks = append(attacks, forgery{name: kind + " put into the " + field[0],
					after: twice(field[0], field[1], with), stage: StageDocument, want: "comment inside; want text only"})
			}
		}
	}
	for name, change := range map[string][]string{
		"subject before email": {adaEmail, "", adaSubject, adaSubject + adaEmail},
		"endorser before created": {
			"\n      <dcterms:created>2026-11-23T01:02:03Z</dcterms:created>", "", "</slreq:endorser>",
			"</slreq:endorser><dcterms:created>2026-11-23T01:02:03Z</dcterms:created>",
		},
		"no Resource":               {endorsementStart, "<slreq:endorsement>"},
		"text beside the elements":  {adaEmail, "eve@example.org" + adaEmail},
		"attribute of the email":    {"<slreq:email>", `<slreq:email value="eve@example.org">`},
		"endorsement at the end":    {"</slreq:checksum>", "</slreq:checksum><dcterms:title>x</dcterms:title>"},
		"identifier of another":     {"<dcterms:identifier>J7", "<dcterms:identifier>K7"},
		"something in the RDF":      {"</rdf:RDF>", "<x/></rdf:RDF>"},
		"checksum of another image": {"<slreq:value>9eccd5", "<slreq:value>8eccd5"},
	} {
		attacks = append(attacks, forgery{name: name, document: change, stage: StageDocument, want: "invalid image metadata"})
	}
	for i := range attacks {
		attacks[i].peer = strictPeer
	}
	checkForgeries(t, attacks)
}

// twice makes the change in the element alone, as the same text may stand
// somewhere else, too.
func twice(element, old, with string) []string {
	switch element {
	case "subject":
		return []string{adaSubject, strings.Replace(adaSubject, old, with, 1)}
	case "identifier":
		return []string{">" + old, ">" + with}
	}
	return []string{old, with}
}

// TestSelfMadeCertificates: anybody may claim any name, which is not for the
// signature to tell; but the caller can see whose key it was.
func TestSelfMadeCertificates(t *testing.T) {
	keys := vectorKeys(t)
	s := keys["rsa-nosan"]
	s.Email = "ada@example.org"
	by, err := Verify(sign(t, plain(t), s))
	if err != nil || by.Email != "ada@example.org" || by.EmailCertified {
		t.Errorf("claimed address: %+v (%v), want it accepted as not certified", by, err)
	}
	ada := keys["rsa-san"].Certificate
	s.Certificate = credentialtest.Parse(t, &x509.Certificate{
		SerialNumber: big.NewInt(4), RawSubject: ada.RawSubject, EmailAddresses: ada.EmailAddresses,
		NotBefore: ada.NotBefore, NotAfter: ada.NotAfter,
	}, &x509.Certificate{RawSubject: ada.RawSubject}, s.Certificate.PublicKey, s.Key)
	real, err := Verify(sign(t, plain(t), keys["rsa-san"]))
	if err != nil {
		t.Fatal(err)
	}
	by, err = Verify(sign(t, plain(t), s))
	if err != nil || by.Subject != real.Subject || by.Issuer != real.Issuer || by.Email != real.Email ||
		by.Certificate.Equal(ada) {
		t.Errorf("copied name: %+v (%v), want it accepted with a certificate of its own", by, err)
	}
}
