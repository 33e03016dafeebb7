package trust

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
)

const vectors = "../testdata/vectors/"

var fingerprintOf = signature.Fingerprint

var (
	endorsed = time.Date(2027, 1, 15, 8, 0, 0, 0, time.UTC)
	now      = endorsed.Add(time.Hour)
)

// endorsedBy gives the verified document that the owner of a key signed.
func endorsedBy(t *testing.T, name, email string, at time.Time) *signature.Endorsed {
	t.Helper()
	i := credentialtest.Vector(t, name)
	doc, err := metadata.Parse(read(t, vectors+"plain.xml"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signature.Sign(doc, signature.Signer{
		Certificate: i.Certificate, Key: i.Key, Email: email, Created: at, Profile: signature.Modern, Level: metadata.Endorsed,
	})
	if err != nil {
		t.Fatal(err)
	}
	by, err := signature.Verify(signed)
	if err != nil {
		t.Fatal(err)
	}
	return by
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// judge decides on the documents as a command with these arguments would. DIR
// in them is the home directory, which has the given files.
func judge(t *testing.T, files map[string]string, args []string, documents ...*signature.Endorsed) ([]Verdict, string) {
	t.Helper()
	var verdicts []Verdict
	messages := withJudge(t, files, args, func(j *Judge, home string) {
		for _, by := range documents {
			v := j.Decide(by, now)
			v.Reason, v.Hint = strings.ReplaceAll(v.Reason, home, "DIR"), strings.ReplaceAll(v.Hint, home, "DIR")
			verdicts = append(verdicts, v)
		}
	})
	return verdicts, messages
}

// withJudge calls use as judge does, and returns what the command says.
func withJudge(t *testing.T, files map[string]string, args []string, use func(j *Judge, home string)) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	for name, text := range files {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", home)
	}
	settings := append(command.TrustSettings(), command.CredentialSettings()...)
	var out, errs bytes.Buffer
	command.Run(t.Context(), &command.Program{Name: "use", Flags: command.TrustFlags("Trust"), Settings: settings, Action: func(c *command.Call) error {
		whom, err := c.Trust(ParseFingerprints)
		if err != nil {
			return err
		}
		where, err := c.Credential()
		if err != nil {
			return err
		}
		own := func() (*x509.Certificate, error) {
			return credential.New(credential.Options(where), c.Log, c.Err).Certificate(c.Ctx)
		}
		j, err := newJudge(c.Ctx, Options(whom), own, c.Log, []string{filepath.Join(home, ".stratuslab/policy.cfg"), filepath.Join(home, "etc/policy.cfg")})
		if err != nil {
			return err
		}
		use(j, home)
		return nil
	}}, args, command.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return strings.ReplaceAll(errs.String(), home, "DIR")
}

func TestJudge(t *testing.T) {
	const config, user, site = ".stratuslab/stratuslab-user.cfg", ".stratuslab/policy.cfg", "etc/policy.cfg"
	ada, jose := endorsedBy(t, "rsa-san", "", endorsed), endorsedBy(t, "rsa-utf8", "", endorsed)
	eve := endorsedBy(t, "rsa-nosan", "ada@example.org", endorsed) // who says that she is Ada
	future := endorsedBy(t, "rsa-san", "", now.Add(time.Hour))
	fingerprint := fingerprintOf(ada.Certificate)
	whitePin := "[endorsers]\nwhitelistendorsers = ada@example.org " + fingerprint + "\n"
	evesPin := "[endorsers]\nwhitelistendorsers =\n  eve@example.org " + fingerprintOf(eve.Certificate) + "\n  ada@example.org\n"
	const white, black = "[endorsers]\nwhitelistendorsers = ada@example.org\n", "[endorsers]\nblacklistendorsers = ada@example.org\n"
	const nobody = "no certificate or authority to trust was given"
	once := "if its owner confirms the fingerprint, trust it once with --trust-endorser " + fingerprint
	hint := once + ", or for good with the line trust_endorser = " + fingerprint + ` below [default] in "DIR/.stratuslab/stratuslab-user.cfg"`
	line := `if its owner confirms the fingerprint, trust it with the line "    ada@example.org ` + fingerprint + `" below whitelistendorsers in "DIR/`
	barred := Verdict{Reason: `the endorser "ada@example.org" is in blacklistendorsers of "DIR/.stratuslab/policy.cfg"`}
	pinned, own := Verdict{Trusted: true, Certified: true, Reason: "pinned certificate"}, Verdict{Trusted: true, Certified: true, Reason: "your own certificate"}
	tests := []struct {
		name  string
		by    *signature.Endorsed
		files map[string]string
		args  []string
		env   map[string]string
		want  Verdict
	}{
		{name: "nobody is trusted", by: ada, want: Verdict{Reason: nobody, Hint: hint}},
		{name: "another fingerprint", by: ada, args: []string{"--trust-endorser", fingerprintOf(jose.Certificate)},
			want: Verdict{Reason: "its certificate is not pinned, and no authority is trusted", Hint: once}},
		{name: "the fingerprint", by: ada, args: []string{"--trust-endorser", fingerprint}, want: pinned},
		{name: "the certificate", by: ada, args: []string{"--trust", vectors + "rsa-san.pem"}, want: pinned},
		{name: "the fingerprint of a certificate without the address", by: eve, args: []string{"--trust-endorser", fingerprintOf(eve.Certificate)},
			want: Verdict{Trusted: true, Reason: "pinned certificate, which does not name the e-mail address"}},
		{name: "that, together with the address in a policy", by: eve, args: []string{"--trust-endorser", fingerprintOf(eve.Certificate)},
			files: map[string]string{user: strings.Replace(whitePin, fingerprint, fingerprintOf(eve.Certificate), 1)},
			want:  Verdict{Trusted: true, Certified: true, Reason: "pinned certificate, which does not name the e-mail address"}},
		{name: "several fingerprints in the configuration", by: ada, want: pinned,
			files: map[string]string{config: "[default]\ntrust_endorser = " + fingerprintOf(jose.Certificate) + " , " + fingerprint}},
		{name: "another in the configuration", by: ada, files: map[string]string{config: "[default]\ntrust_endorser = " + fingerprintOf(jose.Certificate)},
			want: Verdict{Reason: "its certificate is not pinned, and no authority is trusted", Hint: once + `, or for good: add it, after a space, to trust_endorser in "DIR/.stratuslab/stratuslab-user.cfg"`}},
		{name: "another in the environment", by: ada, env: map[string]string{"STRATUSLAB_TRUST_ENDORSER": fingerprintOf(jose.Certificate)},
			want: Verdict{Reason: "its certificate is not pinned, and no authority is trusted", Hint: once + ", or for good: add it, after a space, to the variable STRATUSLAB_TRUST_ENDORSER"}},
		{name: "what pinning does not help", by: future, want: Verdict{Reason: "the endorsement is dated in the future: 2027-01-15T10:00:00Z"}},

		{name: "pinned by a policy", by: ada, files: map[string]string{user: whitePin}, want: Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/.stratuslab/policy.cfg"`}},
		{name: "pinned by the policy of the site", by: ada, files: map[string]string{site: whitePin}, want: Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/etc/policy.cfg"`}},
		{name: "pinned by a policy, and dated in the future", by: future, files: map[string]string{user: whitePin},
			want: Verdict{Reason: "the endorsement is dated in the future: 2027-01-15T10:00:00Z"}},
		{name: "another certificate for a pinned address", by: eve, files: map[string]string{user: whitePin},
			want: Verdict{Reason: `the endorser "ada@example.org" is there with another certificate only, in whitelistendorsers of "DIR/.stratuslab/policy.cfg"`,
				Hint: strings.Replace(line, fingerprint, fingerprintOf(eve.Certificate), 1) + `.stratuslab/policy.cfg"`}},
		{name: "a certificate that is pinned for another address", by: eve, files: map[string]string{user: evesPin},
			want: Verdict{Reason: nobody, Hint: strings.ReplaceAll(hint, fingerprint, fingerprintOf(eve.Certificate))}},
		{name: "an address alone", by: ada, files: map[string]string{user: white}, want: Verdict{Reason: nobody, Hint: hint}},
		{name: "an address alone, trusted otherwise", by: ada, files: map[string]string{user: white}, args: []string{"--trust-endorser", fingerprint}, want: pinned},
		{name: "trusted, but not in the white list", by: ada, files: map[string]string{user: strings.Replace(white, "ada", "joe", 1)}, args: []string{"--trust-endorser", fingerprint},
			want: Verdict{Reason: `the endorser "ada@example.org" is not in whitelistendorsers of "DIR/.stratuslab/policy.cfg"`, Hint: line + `.stratuslab/policy.cfg"`}},
		{name: "trusted, but in the black list", by: ada, files: map[string]string{user: black}, args: []string{"--trust-endorser", fingerprint}, want: barred},
		{name: "pinned by one policy, barred by the other", by: ada, files: map[string]string{user: black, site: whitePin}, want: barred},
		{name: "allowed by one policy, not by the other", by: ada, files: map[string]string{user: whitePin, site: "[images]\nblacklistimages = J7M1U1pZuOJOcq_d7bypZorP2KY"},
			want: Verdict{Reason: `the image "J7M1U1pZuOJOcq_d7bypZorP2KY" is in blacklistimages of "DIR/etc/policy.cfg"`}},
		{name: "a policy that is named stands for the others", by: ada, files: map[string]string{user: black, site: black, "mine.cfg": whitePin}, args: []string{"--policy", "DIR/mine.cfg"},
			want: Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/mine.cfg"`}},
		{name: "a policy in the configuration", by: ada, files: map[string]string{config: "[default]\npolicy = ~/mine.cfg", "mine.cfg": whitePin},
			want: Verdict{Trusted: true, Certified: true, Reason: `pinned in "DIR/mine.cfg"`}},

		{name: "one's own", by: ada, files: map[string]string{".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))}, want: own},
		{name: "one's own, in PKCS#12", by: ada, env: map[string]string{"STRATUSLAB_P12_CERTIFICATE": vectors + "rsa-san.p12", "STRATUSLAB_P12_PASSWORD": "vector-pass"}, want: own},
		{name: "not one's own", by: jose, files: map[string]string{".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))},
			want: Verdict{Reason: nobody, Hint: strings.ReplaceAll(hint, fingerprint, fingerprintOf(jose.Certificate))}},
		{name: "one's own, but barred", by: ada, files: map[string]string{user: black, ".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))}, want: barred},
		{name: "one's own, dated in the future", by: future, files: map[string]string{".globus/usercert.pem": string(read(t, vectors+"rsa-san.pem"))},
			want: Verdict{Reason: "the endorsement is dated in the future: 2027-01-15T10:00:00Z"}},
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

// Without trust in certificates the policies still count.
func TestDecideUntrusted(t *testing.T) {
	ada, eve := endorsedBy(t, "rsa-san", "", endorsed), endorsedBy(t, "rsa-nosan", "eve@example.org", endorsed)
	policy := map[string]string{".stratuslab/policy.cfg": "[endorsers]\nblacklistendorsers = eve@example.org\n"}
	for _, test := range []struct {
		name  string
		by    *signature.Endorsed
		files map[string]string
		want  Verdict
	}{
		{"anybody", ada, nil, Verdict{Trusted: true, Certified: true, Reason: "not looked at"}},
		{"anybody, whose certificate has no address", eve, nil, Verdict{Trusted: true, Reason: "not looked at"}},
		{"allowed", ada, policy, Verdict{Trusted: true, Certified: true, Reason: "not looked at"}},
		{"barred", eve, policy, Verdict{Reason: `the endorser "eve@example.org" is in blacklistendorsers of "DIR/.stratuslab/policy.cfg"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got Verdict
			withJudge(t, test.files, nil, func(j *Judge, home string) {
				got = j.DecideUntrusted(test.by, now)
				got.Reason = strings.ReplaceAll(got.Reason, home, "DIR")
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the verdict differs (-want +got):\n%s", diff)
			}
		})
	}
}

// The lists hold for the checksums that the document does not give.
func TestRefuseImage(t *testing.T) {
	ada := endorsedBy(t, "rsa-san", "", endorsed)
	sum := bytes.Repeat([]byte{0xab}, 64)
	policy := map[string]string{".stratuslab/policy.cfg": "[checksums]\nblacklistchecksums = " + strings.Repeat("ab", 64) + "\n"}
	withJudge(t, policy, nil, func(j *Judge, _ string) {
		if v := j.DecideUntrusted(ada, now); !v.Trusted {
			t.Errorf("the document: %+v", v)
		}
		if why := j.RefuseImage(ada, diskimage.Image{SHA512: sum[:63]}); why != "" {
			t.Errorf("another image: %s", why)
		}
		if why := j.RefuseImage(ada, diskimage.Image{SHA512: sum}); !strings.Contains(why, "blacklistchecksums") {
			t.Errorf("the image in the list: got %q", why)
		}
	})
}

// Entries that stand in a row are all decided on: the original passed over the
// one after an entry that it had refused.
func TestJudgeBarredInARow(t *testing.T) {
	ada, jose := endorsedBy(t, "rsa-san", "", endorsed), endorsedBy(t, "rsa-utf8", "", endorsed)
	policy := "[endorsers]\nblacklistendorsers =\n  ada@example.org\n"
	got, messages := judge(t, map[string]string{".stratuslab/policy.cfg": policy},
		[]string{"--trust", vectors + "rsa-san.pem", "--trust", vectors + "rsa-utf8.pem"}, ada, ada, jose, ada, ada)
	var trusted []bool
	for _, v := range got {
		trusted = append(trusted, v.Trusted)
	}
	if diff := cmp.Diff([]bool{false, false, true, false, false}, trusted); diff != "" || messages != "" {
		t.Errorf("what is trusted differs (-want +got):\n%s%s", diff, messages)
	}
}

func TestUnusable(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		args  []string
		want  string
	}{
		{"no such policy", nil, []string{"--policy", "DIR/none"}, `use: reading the image policy "DIR/none": no such file or directory`},
		{"a policy that cannot be read", map[string]string{"etc/policy.cfg": "[image]"}, nil,
			`use: reading the image policy "DIR/etc/policy.cfg": line 1: section "[image]" is not supported; want [endorsers], [checksums] or [images]`},
		{"a policy that is too long", map[string]string{"etc/policy.cfg": strings.Repeat("#", maxPolicy+1)}, nil,
			`use: reading the image policy "DIR/etc/policy.cfg": too large: at most 1048576 bytes`},
		{"a directory", map[string]string{".stratuslab/policy.cfg/file": ""}, nil, `use: reading the image policy "DIR/.stratuslab/policy.cfg": is a directory`},
		{"no name of a policy", nil, []string{"--policy", ""}, `use: reading --policy "": not a valid name of a file`},
		{"no fingerprint", nil, []string{"--trust-endorser", ""}, `use: reading --trust-endorser "": "": not a valid fingerprint`},
		{"one of two fingerprints", map[string]string{".stratuslab/stratuslab-user.cfg": "[default]\ntrust_endorser = " + strings.Repeat("00", 32) + " 00"}, nil,
			`use: reading trust_endorser in "DIR/.stratuslab/stratuslab-user.cfg" "` + strings.Repeat("00", 32) + ` 00": "00": not a valid fingerprint`},
		{"no such certificate", nil, []string{"--trust", "DIR/none"}, `use: loading trusted certificates from "DIR/none": no such file`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, messages := judge(t, tt.files, tt.args, nil)
			if !strings.HasPrefix(messages, tt.want) {
				t.Errorf("got %q, want %q", messages, tt.want)
			}
		})
	}
}
