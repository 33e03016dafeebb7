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

// endorsedBy returns the verified document that the owner of a key signed.
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
	action := func(c *command.Call) error {
		whom, err := c.Trust(ParseFingerprints, func(own command.Credential) (*x509.Certificate, error) {
			return credential.New(credential.Options(own), c.Log).Certificate(c.Ctx)
		})
		if err != nil {
			return err
		}
		policies := []string{filepath.Join(home, ".stratuslab/policy.cfg"), filepath.Join(home, "etc/policy.cfg")}
		j, err := newJudge(c.Ctx, Options(whom), c.Log, policies)
		if err != nil {
			return err
		}
		use(j, home)
		return nil
	}
	settings := append(command.TrustSettings(), command.CredentialSettings()...)
	program := &command.Program{Name: "use", Flags: command.TrustFlags("Trust"), Settings: settings, Action: action}
	var out, errs bytes.Buffer
	command.Run(t.Context(), program, args, command.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return strings.ReplaceAll(errs.String(), home, "DIR")
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
		{name: "anybody", by: ada, want: Verdict{Trusted: true, Certified: true, Reason: "not looked at"}},
		{
			name: "anybody, whose certificate has no address", by: eve,
			want: Verdict{Trusted: true, Reason: "not looked at"},
		},
		{
			name: "allowed", by: ada, files: policy,
			want: Verdict{Trusted: true, Certified: true, Reason: "not looked at"},
		},
		{
			name: "barred", by: eve, files: policy,
			want: Verdict{
				Reason: `the endorser "eve@example.org" is in blacklistendorsers of "DIR/.stratuslab/policy.cfg"`,
			},
		},
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
		{
			name: "no such policy", args: []string{"--policy", "DIR/none"},
			want: `use: reading the image policy "DIR/none": no such file or directory`,
		},
		{
			name: "a policy that cannot be read", files: map[string]string{"etc/policy.cfg": "[image]"},
			want: `use: reading the image policy "DIR/etc/policy.cfg": line 1: section "[image]" is not supported; ` +
				`want [endorsers], [checksums] or [images]`,
		},
		{
			name: "a directory", files: map[string]string{".stratuslab/policy.cfg/file": ""},
			want: `use: reading the image policy "DIR/.stratuslab/policy.cfg": is a directory`,
		},
		{
			name: "no name of a policy", args: []string{"--policy", ""},
			want: `use: reading --policy "": not a valid name of a file`,
		},
		{
			name: "no fingerprint", args: []string{"--trust-endorser", ""},
			want: `use: reading --trust-endorser "": "": not a valid fingerprint`,
		},
		{
			name: "one of two fingerprints",
			files: map[string]string{
				".stratuslab/stratuslab-user.cfg": "[default]\ntrust_endorser = " + strings.Repeat("00", 32) + " 00",
			},
			want: `use: reading trust_endorser in "DIR/.stratuslab/stratuslab-user.cfg" "` + strings.Repeat("00", 32) +
				` 00": "00": not a valid fingerprint`,
		},
		{
			name: "no such certificate", args: []string{"--trust", "DIR/none"},
			want: `use: loading trusted certificates from "DIR/none": no such file`,
		},
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
