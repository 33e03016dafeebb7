package trust

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/diskimage"
)

const (
	image1 = "J7M1U1pZuOJOcq_d7bypZorP2KY"
	image2 = "PHS0vkk6Yashv33s2yUvN8yvuwV"
	sha1Of = "9eccd54d6966e38939cabf77b6f2a59a2b3f6298" // of image1
)

// fingerprint is as lib/trust prints one.
func fingerprint(pair string) string { return strings.Repeat(pair+":", 31) + pair }

func subjectOf(email string, pair byte) subject {
	sha1, err := hex.DecodeString(sha1Of)
	if err != nil {
		panic(err)
	}
	s := subject{Email: email, Identifier: image1, Image: diskimage.Image{Bytes: 12, SHA1: sha1, SHA512: make([]byte, 64)}}
	for i := range s.Fingerprint {
		s.Fingerprint[i] = pair
	}
	return s
}

func policyOf(t *testing.T, text string) *policy {
	t.Helper()
	p, err := parsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPolicy(t *testing.T) {
	const endorsers, checksums, images = "[endorsers]\n", "[checksums]\n", "[images]\n"
	jane := subjectOf("jane@example.org", 0xAA)
	pinned := ruling{Allowed: true, Pinned: true}
	allowed := ruling{Allowed: true}
	unlisted := ruling{List: WhitelistEndorsers, Reason: `the endorser "jane@example.org" is not in whitelistendorsers`}
	tests := []struct {
		name, policy string
		subject      subject
		want         ruling
	}{
		{"nothing", "", jane, allowed},
		{"empty lists", endorsers + "whitelistendorsers =\nblacklistendorsers =\n" + images + "whitelistimages:\n", jane, allowed},

		{"an address", endorsers + "whitelistendorsers = jane@example.org", jane, allowed},
		{"another address", endorsers + "whitelistendorsers = joe@example.org", jane, unlisted},
		{"the domain in another case", endorsers + "whitelistendorsers = jane@EXAMPLE.org", jane, allowed},
		{"the local part in another case", endorsers + "whitelistendorsers = Jane@example.org", jane, unlisted},
		{"a certificate", endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AA"), jane, pinned},
		{"a certificate, the domain in another case", endorsers + "whitelistendorsers = jane@Example.org\t" + fingerprint("aa"), jane, pinned},
		{"another certificate", endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AB"), jane,
			ruling{List: WhitelistEndorsers, Reason: `the endorser "jane@example.org" is there with another certificate only, in whitelistendorsers`}},
		{"the certificate for another address", endorsers + "whitelistendorsers =\n  joe@example.org " + fingerprint("AA") + "\n  ann@example.org", jane, unlisted},
		{"an address alone is not pinned by the certificate of another",
			endorsers + "whitelistendorsers =\n  joe@example.org " + fingerprint("AA") + "\n  jane@example.org", jane, allowed},
		{"an address with and without a certificate", endorsers + "whitelistendorsers =\n jane@example.org\n jane@example.org " + fingerprint("AA"), jane, pinned},

		{"a barred address", endorsers + "blacklistendorsers = jane@example.org", jane,
			ruling{List: BlacklistEndorsers, Reason: `the endorser "jane@example.org" is in blacklistendorsers`}},
		{"a barred address in another case", endorsers + "blacklistendorsers = jane@example.org", subjectOf("JANE@Example.ORG", 1),
			ruling{List: BlacklistEndorsers, Reason: `the endorser "jane@example.org" is in blacklistendorsers`}},
		{"another barred address", endorsers + "blacklistendorsers = joe@example.org", jane, allowed},
		{"a barred certificate with another address", endorsers + "blacklistendorsers = joe@example.org " + strings.Repeat("aa", 32), jane,
			ruling{List: BlacklistEndorsers, Reason: `the endorser "joe@example.org ` + strings.Repeat("aa", 32) + `" is in blacklistendorsers`}},
		{"a barred certificate is not a barred address", endorsers + "blacklistendorsers = jane@example.org " + fingerprint("AB"), jane, allowed},
		{"black wins over white", endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AA") + "\nblacklistendorsers = jane@example.org", jane,
			ruling{List: BlacklistEndorsers, Reason: `the endorser "jane@example.org" is in blacklistendorsers`}},

		{"a checksum", checksums + "whitelistchecksums =\n " + strings.ToUpper(sha1Of), jane, allowed},
		{"a checksum of another algorithm", checksums + "whitelistchecksums =\n " + strings.Repeat("00", 64), jane, allowed},
		{"one of several", checksums + "whitelistchecksums =\n " + strings.Repeat("00", 16) + "\n " + sha1Of, jane, allowed},
		{"a checksum that the image does not have", checksums + "whitelistchecksums = " + strings.Repeat("00", 32), jane,
			ruling{List: WhitelistChecksums, Reason: "no checksum of the image is in whitelistchecksums"}},
		{"a barred checksum", checksums + "blacklistchecksums = " + strings.ToUpper(sha1Of), jane,
			ruling{List: BlacklistChecksums, Reason: "the checksum " + sha1Of + " is in blacklistchecksums"}},
		{"another barred checksum", checksums + "blacklistchecksums = " + strings.Repeat("00", 20), jane, allowed},

		{"an image", images + "whitelistimages = " + image1, jane, allowed},
		{"another image", images + "whitelistimages = " + image2, jane, ruling{List: WhitelistImages, Reason: `the image "` + image1 + `" is not in whitelistimages`}},
		{"a barred image", images + "blacklistimages = " + image1, jane, ruling{List: BlacklistImages, Reason: `the image "` + image1 + `" is in blacklistimages`}},
		{"another barred image", images + "blacklistimages = " + image2, jane, allowed},

		{"pinned, but barred by its image", endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AA") + "\n" + images + "blacklistimages = " + image1, jane,
			ruling{List: BlacklistImages, Reason: `the image "` + image1 + `" is in blacklistimages`}},
		{"every list allows", endorsers + "whitelistendorsers = jane@example.org\n" + checksums + "whitelistchecksums = " + sha1Of + "\n" + images + "whitelistimages = " + image1, jane, allowed},
		{"one list does not", endorsers + "whitelistendorsers = jane@example.org\n" + checksums + "whitelistchecksums = " + sha1Of + "\n" + images + "whitelistimages = " + image2, jane,
			ruling{List: WhitelistImages, Reason: `the image "` + image1 + `" is not in whitelistimages`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, policyOf(t, tt.policy).decide(tt.subject)); diff != "" {
				t.Errorf("the decision differs (-want +got):\n%s", diff)
			}
		})
	}
}

// The original changed the list of entries while it walked it, so that of two
// barred entries in a row the second one was not looked at, and stayed.
func TestBarredInARow(t *testing.T) {
	p := policyOf(t, "[endorsers]\nblacklistendorsers =\n  eve@example.org\n  mallory@example.org\n")
	var allowed []string
	for _, email := range []string{"eve@example.org", "eve@example.org", "mallory@example.org", "eve@example.org", "jane@example.org", "mallory@example.org", "mallory@example.org"} {
		if p.decide(subjectOf(email, 1)).Allowed {
			allowed = append(allowed, email)
		}
	}
	if diff := cmp.Diff([]string{"jane@example.org"}, allowed); diff != "" {
		t.Errorf("the entries that are left differ (-want +got):\n%s", diff)
	}
}
