package trust

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/signature"
)

func TestJudge(t *testing.T) {
	const config, user, site = ".stratuslab/stratuslab-user.cfg", ".stratuslab/policy.cfg", "etc/policy.cfg"
	ada, jose := endorsedBy(t, "rsa-san", "", endorsed), endorsedBy(t, "rsa-utf8", "", endorsed)
	eve := endorsedBy(t, "rsa-nosan", "ada@example.org", endorsed) // who says that she is Ada
	future := endorsedBy(t, "rsa-san", "", now.Add(time.Hour))
	fingerprint := fingerprintOf(ada.Certificate)
	whitePin := "[endorsers]\nwhitelistendorsers = ada@example.org " + fingerprint + "\n"
	evesPin := "[endorsers]\nwhitelistendorsers =\n" +
		"  eve@example.org " + fingerprintOf(eve.Certificate) + "\n  ada@example.org\n"
	const white = "[endorsers]\nwhitelistendorsers = ada@example.org\n"
	const black = "[endorsers]\nblacklistendorsers = ada@example.org\n"
	const nobody = "no certificate or authority to trust was given"
	once := "if its owner confirms the fingerprint, trust it once with --trust-endorser " + fingerprint
	hint := once + ", or for good with the line trust_endorser = " + fingerprint +
		` below [default] in "DIR/.stratuslab/stratuslab-user.cfg"`
	line := `if its owner confirms the fingerprint, trust it with the line ` +
		`"    ada@example.org ` + fingerprint + `" below whitelistendorsers in "DIR/`
	barred := Verdict{Reason: `the endorser "ada@example.org" is in blacklistendorsers of "DIR/.stratuslab/policy.cfg"`}
	pinned := Verdict{Trusted: true, Certified: true, Reason: "pinned certificate"}
	own := Verdict{Trusted: true, Certified: true, Reason: "your own certificate"}
	tests := []struct {
		name  string
		by    *signature.Endorsed
		files map[string]string
		args  []string
		env   map[string]string
		want  Verdict
	}{
		{name: "nobody is trusted", by: ada, want: Verdict{Reason: nobody, Hint: hint}},
		{
			name: "another fingerprint", by: ada, args: []string{"--trust-endorser", fingerprintOf(jose.Certificate)},
			want: Verdict{Reason: "its certificate is not pinned, and no authority is trusted", Hint: once},
		},
		{name: "the fingerprint", by: ada, args: []string{"--trust-endorser", fingerprint}, want: pinned},
		{name: "the certificate", by: ada, args: []string{"--trust", vectors + "rsa-san.pem"}, want: pinned},
		{
			name: "the fingerprint of a certificate without the address", by: eve,
			args: []string{"--trust-endorser", fingerprintOf(eve.Certificate)},
			want: Verdict{Trusted: true, Reason: "pinned certificate, which does not name the e-mail address"},
		},
		{
			name: "that, together with the address in a policy", by: eve,
			args:  []string{"--trust-endorser", fingerprintOf(eve.Certificate)},
			files: map[string]string{user: strings.Replace(whitePin, fingerprint, fingerprintOf(eve.Certificate), 1)},
			want: Verdict{
				Trusted: true, Certified: true, Reason: "pinned certificate, which does not name the e-mail address",
			},
		},
		{
			name: "several fingerprints in the configuration", by: ada, want: pinned,
			files: map[string]string{
				config: "[default]\ntrust_endorser = " + fingerprintOf(jose.Certificate) + " , " + fingerprint,
			},
		},
		{
			name: "another in the configuration", by: ada,
			files: map[string]string{config: "[default]\ntrust_endorser = " + fingerprintOf(jose.Certificate)},
			want: Verdict{
				Reason: "its certificate is not pinned, and no authority is trusted",
				Hint: once + `, or for good: add it, after a space, to trust_endorser in ` +
					`"DIR/.stratuslab/stratuslab-user.cfg"`,
			},
		},
		{
			name: "another in the environment", by: ada,
			env: map[string]string{"STRATUSLAB_TRUST_ENDORSER": fingerprintOf(jose.Certificate)},
			want: Verdict{
				Reason: "its certificate is not pinned, and no authority is trusted",
				Hint:   once + ", or for good: add it, after a space, to the variable STRATUSLAB_TRUST_ENDORSER",
			},
		},
		{
			name: "what pinning does not help", by: future,
			want: Verdict{Reason: "the endorsement is dated in the future: 2027-01-15T10:00:00Z"},
		},

		{
			name: "pinned by a policy", by: ada, files: map[string]string{user: whitePin},
			want: Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/.stratuslab/policy.cfg"`},
		},
		{
			name: "pinned by the policy of the site", by: ada, files: map[string]string{site: whitePin},
			want: Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/etc/policy.cfg"`},
		},
		{
			name: "pinned by a policy, and dated in the future", by: future, files: map[string]string{user: whitePin},
			want: Verdict{Reason: "the endorsement is dated in the future: 2027-01-15T10:00:00Z"},
		},
		{
			name: "another certificate for a pinned address", by: eve, files: map[string]string{user: whitePin},
			want: Verdict{
				Reason: `the endorser "ada@example.org" is listed with another certificate only, in whitelistendorsers ` +
					`of "DIR/.stratuslab/policy.cfg"`,
				Hint: strings.Replace(line, fingerprint, fingerprintOf(eve.Certificate), 1) + `.stratuslab/policy.cfg"`,
			},
		},
		{
			name: "a certificate that is pinned for another address", by: eve, files: map[string]string{user: evesPin},
			want: Verdict{Reason: nobody, Hint: strings.ReplaceAll(hint, fingerprint, fingerprintOf(eve.Certificate))},
		},
		{
			name: "an address alone", by: ada, files: map[string]string{user: white},
			want: Verdict{Reason: nobody, Hint: hint},
		},
		{
			name: "an address alone, trusted otherwise", by: ada, files: map[string]string{user: white},
			args: []string{"--trust-endorser", fingerprint}, want: pinned,
		},
		{
			name: "trusted, but not in the white list", by: ada,
			files: map[string]string{user: strings.Replace(white, "ada", "joe", 1)},
			args:  []string{"--trust-endorser", fingerprint},
			want: Verdict{
				Reason: `the endorser "ada@example.org" is not in whitelistendorsers of "DIR/.stratuslab/policy.cfg"`,
				Hint:   line + `.stratuslab/policy.cfg"`,
			},
		},
		{
			name: "trusted, but in the black list", by: ada, files: map[string]string{user: black},
			args: []string{"--trust-endorser", fingerprint}, want: barred,
		},
		{
			name: "pinned by one policy, barred by the other", by: ada,
			files: map[string]string{user: black, site: whitePin}, want: barred,
		},
		{
			name: "allowed by one policy, not by the other", by: ada,
			files: map[string]string{user: whitePin, site: "[images]\nblacklistimages = J7M1U1pZuOJOcq_d7bypZorP2KY"},
			want: Verdict{
				Reason: `the image "J7M1U1pZuOJOcq_d7bypZorP2KY" is in blacklistimages of "DIR/etc/policy.cfg"`,
			},
		},
		{
			name: "a policy that is named stands for the others", by: ada,
			files: map[string]string{user: black, site: black, "mine.cfg": whitePin},
			args:  []string{"--policy", "DIR/mine.cfg"},
			want:  Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/mine.cfg"`},
		},
		{
			name: "a policy in the configuration", by: ada,
			files: map[string]string{config: "[default]\npolicy = ~/mine.cfg", "mine.cfg": whitePin},
			want:  Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/mine.cfg"`},
		},

		{
			name: "one's own", by: ada,
			files: map[string]string{".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))}, want: own,
		},
		{
			name: "one's own, in PKCS#12", by: ada,
			env: map[string]string{
				"STRATUSLAB_P12_CERTIFICATE": vectors + "rsa-san.p12", "STRATUSLAB_P12_PASSWORD": "vector-pass",
			},
			want: own,
		},
		{
			name: "not one's own", by: jose,
			files: map[string]string{".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))},
			want:  Verdict{Reason: nobody, Hint: strings.ReplaceAll(hint, fingerprint, fingerprintOf(jose.Certificate))},
		},
		{
			name: "one's own, but barred", by: ada,
			files: map[string]string{user: black, ".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))},
			want:  barred,
		},
		{
			name: "one's own, dated in the future", by: future,
			files: map[string]string{".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))},
			want:  Verdict{Reason: "the endorsement is dated in the future: 2027-01-15T10:00:00Z"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			got, messages := judge(t, tt.files, tt.args, tt.by)
			if diff := cmp.Diff([]Verdict{tt.want}, got); diff != "" || messages != "" {
				t.Errorf("the verdict differs (-want +got):\n%s%s", diff, messages)
			}
		})
	}
}
