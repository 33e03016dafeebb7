package reliance

import (
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/policy"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/trust"
)

// consultation is what all policies together say.
type consultation struct {
	refusal  string // why one of them refuses, "" if none does
	unlisted string // the file whose white list of endorsers refuses
	pinnedIn string // the first file that pins the certificate
}

// consult asks the policies about the image that the document describes.
func (j *Judge) consult(by *signature.Endorsed) consultation {
	if len(j.policies) == 0 {
		return consultation{}
	}
	image, err := by.Document.Image()
	if err != nil {
		return consultation{refusal: fmt.Sprintf("no policy can be applied: %v", err)}
	}
	return j.consultOn(by, image)
}

// consultOn asks them about an image with these checksums.
func (j *Judge) consultOn(by *signature.Endorsed, image diskimage.Image) consultation {
	var found consultation
	subject := policy.Subject{
		Email: by.Email, Fingerprint: sha256.Sum256(by.Certificate.Raw),
		Identifier: by.Document.Text(metadata.Identifier), Image: image,
	}
	for _, p := range j.policies {
		decision := p.Decide(subject)
		if !decision.Allowed {
			refused := consultation{refusal: fmt.Sprintf("%s of %q", decision.Reason, p.path)}
			if decision.List == policy.WhitelistEndorsers {
				refused.unlisted = p.path
			}
			return refused
		}
		if decision.Pinned && found.pinnedIn == "" {
			found.pinnedIn = p.path
		}
	}
	return found
}

// setting is what stands for endorserFlag.
var setting = command.SettingsFor(endorserFlag)[0]

const confirmed = "if its owner confirms the fingerprint"

// trustHint tells how to trust an endorser whom no white list keeps out. It is
// not by a line of a policy: a white list would shut all others out.
func (j *Judge) trustHint(by *signature.Endorsed) string {
	fingerprint := trust.Fingerprint(by.Certificate)
	hint := fmt.Sprintf("%s, trust it once with --%s %s", confirmed, endorserFlag, fingerprint)
	_, configured := j.c.Config.Value(setting.Key)
	path := j.c.Config.Path()
	switch {
	case j.c.Typed(endorserFlag) || path == "": // the option would hide what the configuration says
		return hint
	case os.Getenv(setting.Env) != "":
		return hint + fmt.Sprintf(", or for good: add it, after a space, to the variable %s", setting.Env)
	case configured:
		return hint + fmt.Sprintf(", or for good: add it, after a space, to %s in %q", setting.Key, path)
	}
	return hint + fmt.Sprintf(", or for good with the line %s = %s below [default] in %q", setting.Key, fingerprint, path)
}

// listHint tells what to add to the white list in the named file.
func listHint(by *signature.Endorsed, path string) string {
	return fmt.Sprintf("%s, trust it with the line %q below %s in %q", confirmed,
		"    "+by.Email+" "+trust.Fingerprint(by.Certificate), policy.WhitelistEndorsers, path)
}
