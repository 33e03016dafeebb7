package trust

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// example has the form of the original software's files, and what this reader
// allows besides.
const example = "\ufeff# Policy of the site\r\n" +
	"[endorsers]\r\n" +
	"whitelistendorsers =\r\n" +
	"    jane@example.org\r\n" +
	"\r\n" +
	"    # not yet: ann@example.org\r\n" +
	"\tjoe@example.org\r\n" +
	"; and these never\r\n" +
	"BlackListEndorsers: eve@example.org\r\n" +
	"  mallory@example.org\r\n" +
	"[Checksums]\n" +
	"whitelistchecksums = \n" +
	"blacklistchecksums = 9eccd54d6966e38939cabf77b6f2a59a2b3f6298\n" +
	"[images]\n" +
	"blacklistimages =\n" +
	"  J7M1U1pZuOJOcq_d7bypZorP2KY"

func TestParsePolicy(t *testing.T) {
	want := &policy{}
	want.white.addresses = map[string]bool{"jane@example.org": true, "joe@example.org": true}
	want.black.addresses = map[string]string{"eve@example.org": "eve@example.org", "mallory@example.org": "mallory@example.org"}
	want.blackChecksums = map[string]bool{sha1Of: true}
	want.blackImages = map[string]bool{image1: true}
	if diff := cmp.Diff(want, policyOf(t, example), cmp.AllowUnexported(policy{}, want.white, want.black, pin{})); diff != "" {
		t.Errorf("the policy differs (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{
			name: "an unknown section", text: "\n[endorser]\n",
			want: `line 2: section "[endorser]" is not supported; want [endorsers], [checksums] or [images]`,
		},
		{
			name: "a section that does not end", text: "[images\n",
			want: `line 1: section "[images" is not supported; want [endorsers], [checksums] or [images]`,
		},
		{
			name: "an unknown key", text: "[images]\nblacklist_images =\n",
			want: `line 2: key "blacklist_images" in [images] is not supported; want whitelistimages or blacklistimages`,
		},
		{
			name: "a key of another section", text: "[images]\nblacklistendorsers =\n",
			want: `line 2: key "blacklistendorsers" in [images] is not supported; want whitelistimages or ` +
				`blacklistimages`,
		},
		{
			name: "a key before the sections", text: "blacklistimages =\n",
			want: `line 1: the key "blacklistimages" stands before the first section`,
		},
		{
			name: "an item without a key", text: "[images]\n  " + image1,
			want: `line 2: "` + image1 + `" is indented, but there is no key above it to which it could belong`,
		},
		{
			name: "an item of the section before", text: "[images]\nblacklistimages =\n[endorsers]\n  eve@example.org",
			want: `line 4: "eve@example.org" is indented, but there is no key above it to which it could belong`,
		},
		{
			name: "an item that is not indented", text: "[endorsers]\nblacklistendorsers =\neve@example.org\n",
			want: `line 3: "eve@example.org": not a valid line; want KEY = VALUE, or an item after white space`,
		},
		{
			name: "an indented key", text: "[endorsers]\nwhitelistendorsers =\n  blacklistendorsers=eve@example.org\n",
			want: `line 3: the key "blacklistendorsers" is indented, which makes it an item of whitelistendorsers`,
		},
		{
			name: "a key twice", text: "[images]\nblacklistimages =\n[images]\nBlacklistImages =\n",
			want: `line 4: the key "blacklistimages" is given twice; put all of its items below the first one`,
		},
		{
			name: "no address", text: "[endorsers]\nblacklistendorsers = example.org\n",
			want: `line 2: endorser "example.org": not a valid endorser; want an e-mail address, or one and the ` +
				`fingerprint of a certificate`,
		},
		{
			name: "two on a line", text: "[endorsers]\nblacklistendorsers = eve@example.org, joe@example.org\n",
			want: `line 2: endorser "eve@example.org, joe@example.org": not a valid endorser; want an e-mail ` +
				`address, or one and the fingerprint of a certificate`,
		},
		{
			name: "a comment after an item", text: "[endorsers]\nblacklistendorsers = eve@example.org # spam\n",
			want: `line 2: endorser "eve@example.org": "# spam": not a valid fingerprint; want the 64 hexadecimal ` +
				`digits of SHA-256, or 32 pairs joined by colons`,
		},
		{
			name: "a fingerprint of SHA-1", text: "[endorsers]\nwhitelistendorsers = eve@example.org " + sha1Of,
			want: `line 2: endorser "eve@example.org": "` + sha1Of +
				`": not a valid fingerprint; want the 64 hexadecimal digits of SHA-256, or 32 pairs joined by colons`,
		},
		{
			name: "a checksum of no algorithm", text: "[checksums]\nblacklistchecksums = abcdef\n",
			want: `line 2: checksum "abcdef", of 6 characters: not a valid checksum; want the 32, 40, 64 or 128 ` +
				`hexadecimal digits of MD5, SHA-1, SHA-256 or SHA-512`,
		},
		{
			name: "no digits", text: "[checksums]\nblacklistchecksums =\n sha1\n",
			want: `line 3: checksum "sha1", of 4 characters: not a valid checksum; want the 32, 40, 64 or 128 ` +
				`hexadecimal digits of MD5, SHA-1, SHA-256 or SHA-512`,
		},
		{
			name: "no identifier", text: "[images]\nblacklistimages = " + sha1Of,
			want: `line 2: image identifier "` + sha1Of +
				`" is not 27 of the characters A-Z a-z 0-9 - _, the first of them A to P`,
		},
		{name: "no text", text: "[images]\xff\n", want: "it is not UTF-8 text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parsePolicy([]byte(tt.text))
			if err == nil || p != nil {
				t.Fatalf("got %v and no error, want %s", p, tt.want)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
		})
	}
}

// A long policy is read, and looked up, at once.
func TestLong(t *testing.T) {
	var text strings.Builder
	text.WriteString("[endorsers]\nblacklistendorsers =\n")
	for text.Len() < 1<<20 {
		text.WriteString(" a@b\n")
	}
	if d := policyOf(t, text.String()).decide(subjectOf("A@B", 1)); d.Allowed {
		t.Error("got an entry that is barred")
	}
}

// FuzzParse looks for panics, and for lists that are read but do not count.
func FuzzParsePolicy(f *testing.F) {
	f.Add(example, "eve@example.org")
	f.Add("[endorsers]\nwhitelistendorsers = jane@example.org "+fingerprint("AA"), "jane@example.org")
	f.Add("[images]\nwhitelistimages:\n "+image2, "x")
	f.Fuzz(func(t *testing.T, text, email string) {
		p, err := parsePolicy([]byte(text))
		if err != nil {
			return
		}
		s := subjectOf(email, 0xAA)
		d := p.decide(s)
		if d.Allowed == (d.Reason != "") || d.Pinned && !d.Allowed {
			t.Errorf("a decision that contradicts itself: %+v", d)
		}
		// An address that is added to the black list is barred, whatever stands
		// above it, unless that has a black list itself.
		e, err := parseEndorser(email)
		if err != nil || e.address != email || !utf8.ValidString(email) || strings.ContainsAny(email, "#;=:") ||
			strings.Contains(strings.ToLower(text), BlacklistEndorsers) {
			return
		}
		if d := policyOf(t, text+"\n[endorsers]\n"+BlacklistEndorsers+" =\n "+email+"\n").decide(s); d.Allowed {
			t.Errorf("%q is in the black list after %q, and allowed", email, text)
		}
	})
}
