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
		{name: "nothing", subject: jane, want: allowed},
		{
			name:    "empty lists",
			policy:  endorsers + "whitelistendorsers =\nblacklistendorsers =\n" + images + "whitelistimages:\n",
			subject: jane, want: allowed,
		},

		{
			name: "an address", policy: endorsers + "whitelistendorsers = jane@example.org", subject: jane,
			want: allowed,
		},
		{
			name: "another address", policy: endorsers + "whitelistendorsers = joe@example.org", subject: jane,
			want: unlisted,
		},
		{
			name: "the domain in another case", policy: endorsers + "whitelistendorsers = jane@EXAMPLE.org",
			subject: jane, want: allowed,
		},
		{
			name: "the local part in another case", policy: endorsers + "whitelistendorsers = Jane@example.org",
			subject: jane, want: unlisted,
		},
		{
			name: "a certificate", policy: endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AA"),
			subject: jane, want: pinned,
		},
		{
			name:   "a certificate, the domain in another case",
			policy: endorsers + "whitelistendorsers = jane@Example.org\t" + fingerprint("aa"), subject: jane,
			want: pinned,
		},
		{
			name:   "another certificate",
			policy: endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AB"), subject: jane,
			want: ruling{
				List:   WhitelistEndorsers,
				Reason: `the endorser "jane@example.org" is listed with another certificate only, in whitelistendorsers`,
			},
		},
		{
			name:    "the certificate for another address",
			policy:  endorsers + "whitelistendorsers =\n  joe@example.org " + fingerprint("AA") + "\n  ann@example.org",
			subject: jane, want: unlisted,
		},
		{
			name:    "an address alone is not pinned by the certificate of another",
			policy:  endorsers + "whitelistendorsers =\n  joe@example.org " + fingerprint("AA") + "\n  jane@example.org",
			subject: jane, want: allowed,
		},
		{
			name:    "an address with and without a certificate",
			policy:  endorsers + "whitelistendorsers =\n jane@example.org\n jane@example.org " + fingerprint("AA"),
			subject: jane, want: pinned,
		},

		{
			name: "a barred address", policy: endorsers + "blacklistendorsers = jane@example.org", subject: jane,
			want: ruling{List: BlacklistEndorsers, Reason: `the endorser "jane@example.org" is in blacklistendorsers`},
		},
		{
			name: "a barred address in another case", policy: endorsers + "blacklistendorsers = jane@example.org",
			subject: subjectOf("JANE@Example.ORG", 1),
			want:    ruling{List: BlacklistEndorsers, Reason: `the endorser "jane@example.org" is in blacklistendorsers`},
		},
		{
			name: "another barred address", policy: endorsers + "blacklistendorsers = joe@example.org", subject: jane,
			want: allowed,
		},
		{
			name:   "a barred certificate with another address",
			policy: endorsers + "blacklistendorsers = joe@example.org " + strings.Repeat("aa", 32), subject: jane,
			want: ruling{
				List:   BlacklistEndorsers,
				Reason: `the endorser "joe@example.org ` + strings.Repeat("aa", 32) + `" is in blacklistendorsers`,
			},
		},
		{
			name:   "a barred certificate is not a barred address",
			policy: endorsers + "blacklistendorsers = jane@example.org " + fingerprint("AB"), subject: jane,
			want: allowed,
		},
		{
			name: "black wins over white",
			policy: endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AA") +
				"\nblacklistendorsers = jane@example.org",
			subject: jane,
			want:    ruling{List: BlacklistEndorsers, Reason: `the endorser "jane@example.org" is in blacklistendorsers`},
		},

		{
			name: "a checksum", policy: checksums + "whitelistchecksums =\n " + strings.ToUpper(sha1Of), subject: jane,
			want: allowed,
		},
		{
			name:   "a checksum of another algorithm",
			policy: checksums + "whitelistchecksums =\n " + strings.Repeat("00", 64), subject: jane, want: allowed,
		},
		{
			name:   "one of several",
			policy: checksums + "whitelistchecksums =\n " + strings.Repeat("00", 16) + "\n " + sha1Of, subject: jane,
			want: allowed,
		},
		{
			name:   "a checksum that the image does not have",
			policy: checksums + "whitelistchecksums = " + strings.Repeat("00", 32), subject: jane,
			want: ruling{List: WhitelistChecksums, Reason: "no checksum of the image is in whitelistchecksums"},
		},
		{
			name: "a barred checksum", policy: checksums + "blacklistchecksums = " + strings.ToUpper(sha1Of),
			subject: jane,
			want:    ruling{List: BlacklistChecksums, Reason: "the checksum " + sha1Of + " is in blacklistchecksums"},
		},
		{
			name: "another barred checksum", policy: checksums + "blacklistchecksums = " + strings.Repeat("00", 20),
			subject: jane, want: allowed,
		},

		{name: "an image", policy: images + "whitelistimages = " + image1, subject: jane, want: allowed},
		{
			name: "another image", policy: images + "whitelistimages = " + image2, subject: jane,
			want: ruling{List: WhitelistImages, Reason: `the image "` + image1 + `" is not in whitelistimages`},
		},
		{
			name: "a barred image", policy: images + "blacklistimages = " + image1, subject: jane,
			want: ruling{List: BlacklistImages, Reason: `the image "` + image1 + `" is in blacklistimages`},
		},
		{name: "another barred image", policy: images + "blacklistimages = " + image2, subject: jane, want: allowed},

		{
			name: "pinned, but barred by its image",
			policy: endorsers + "whitelistendorsers = jane@example.org " + fingerprint("AA") + "\n" +
				images + "blacklistimages = " + image1,
			subject: jane,
			want:    ruling{List: BlacklistImages, Reason: `the image "` + image1 + `" is in blacklistimages`},
		},
		{
			name: "every list allows",
			policy: endorsers + "whitelistendorsers = jane@example.org\n" +
				checksums + "whitelistchecksums = " + sha1Of + "\n" + images + "whitelistimages = " + image1,
			subject: jane, want: allowed,
		},
		{
			name: "one list does not",
			policy: endorsers + "whitelistendorsers = jane@example.org\n" +
				checksums + "whitelistchecksums = " + sha1Of + "\n" + images + "whitelistimages = " + image2,
			subject: jane,
			want:    ruling{List: WhitelistImages, Reason: `the image "` + image1 + `" is not in whitelistimages`},
		},
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
	for _, name := range []string{"eve", "eve", "mallory", "eve", "jane", "mallory", "mallory"} {
		email := name + "@example.org"
		if p.decide(subjectOf(email, 1)).Allowed {
			allowed = append(allowed, email)
		}
	}
	if diff := cmp.Diff([]string{"jane@example.org"}, allowed); diff != "" {
		t.Errorf("the entries that are left differ (-want +got):\n%s", diff)
	}
}
