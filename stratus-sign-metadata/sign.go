package main

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/stratus-sign-metadata/internal/endorse"
)

// job is what is signed, how and where to.
type job struct {
	endorse.Options
	inputs    []string // paths, "-" for standard input
	output    string   // path, "" and "-" for standard output
	inPlace   bool     // replace the inputs instead
	suffix    string   // of the names under which they are kept then
	image     string   // path of the image that the document must describe, "" for none
	documents []endorse.Document
	signer    endorse.Signer
}

// runSign signs. What is wrong with a document comes up before a passphrase is
// asked for, and then none is written.
func runSign(c *command.Call) error {
	j, err := open(c)
	if err != nil {
		return err
	}
	signed := make([][]byte, len(j.documents))
	for i, d := range j.documents {
		if signed[i], err = j.signer.Sign(d); err != nil {
			return j.hint(d, err)
		}
	}
	if j.inPlace {
		err = j.replace(c.Ctx, signed)
	} else {
		err = c.WriteProduct(j.output, signed[0])
	}
	if err != nil {
		return err
	}
	for _, d := range j.documents {
		if d.Old != nil {
			c.Log.Infof("%s: replaced the endorsement by %q of %q", d.Name, d.Old.Email, d.Old.Created)
		}
		c.Log.Verbosef("%s: endorsed by %s, %s", d.Name, j.signer.By.Email, j.signer.By.Subject)
	}
	return nil
}

// runShow prints what signing would endorse, and in whose name. It fails where
// signing would.
func runShow(c *command.Call) error {
	j, err := open(c)
	if err != nil {
		return err
	}
	text, err := j.signer.Show(j.documents)
	if err != nil {
		return err
	}
	return c.WriteProduct("", text)
}

// open reads what signing needs, the certificate last. The time is that at which
// the documents are there: in a pipe they may be long in coming.
func open(c *command.Call) (*job, error) {
	j, err := newJob(c)
	if err != nil {
		return nil, err
	}
	where, err := c.Credential()
	if err != nil {
		return nil, err
	}
	if err := j.read(c); err != nil {
		return nil, err
	}
	now, err := command.Now()
	if err != nil {
		return nil, err
	}
	for _, d := range j.documents {
		d.Warn(c.Log, now)
	}
	identity, err := credential.New(credential.Options(where), c.Log).Load(c.Ctx, now)
	if err != nil {
		return nil, hintCredential(err)
	}
	return j, j.prepare(c, identity, now)
}

// prepare makes the signer.
func (j *job) prepare(c *command.Call, identity *credential.Identity, now time.Time) (err error) {
	if named := identity.Certificate.EmailAddresses; len(named) > 0 && c.Typed("email") && named[0] != j.Email {
		c.Log.Warnf("the certificate names %q, which wins over --email %q", named[0], j.Email)
	}
	if j.Profile == signature.StratusLab {
		c.Log.Warnf("signing with SHA-1, which can be forged: do so only for the original StratusLab software")
	}
	if j.Chain && len(identity.Chain) == 0 {
		c.Log.Warnf("--chain has no effect: there are no other certificates beside yours")
	}
	own := signature.Signer{Certificate: identity.Certificate, Key: identity.Key, Chain: identity.Chain, Created: now}
	if j.signer, err = j.Signer(own); err != nil {
		return hintSigner(err, j.Email, len(identity.Certificate.EmailAddresses) > 0)
	}
	return nil
}

// newJob reads the flags.
func newJob(c *command.Call) (*job, error) {
	j := &job{output: c.String("output"), inPlace: c.Bool("in-place"), suffix: c.String("suffix")}
	j.Email, j.Chain, j.AllowNoLocation = c.String("email"), c.Bool("chain"), c.Bool("allow-no-location")
	var err error
	if j.inputs, err = c.Inputs(); err != nil {
		return nil, err
	}
	if j.Profile = command.Parse(c, &err, "profile", report.OneOf(signature.Modern, signature.StratusLab)); err != nil {
		return nil, err
	}
	if j.image, err = c.NamedPath("check-image"); err != nil {
		return nil, err
	}
	if _, err = c.NamedPath("output"); err != nil {
		return nil, err
	}
	switch {
	case j.image != "" && len(j.inputs) > 1:
		return nil, report.Usagef("--check-image is for one document, but there are %d", len(j.inputs))
	case j.image == "-" && slices.Contains(j.inputs, "-"):
		return nil, report.WithHint(report.Usagef("both the image and the document are to come from standard input"), "name a file for one of them")
	case len(j.inputs) > 1 && !j.inPlace && !c.Bool("show"):
		return nil, report.WithHint(report.Usagef("%d documents, but one output", len(j.inputs)), "sign several with --in-place")
	case c.Typed("suffix") && !j.inPlace:
		return nil, report.Usagef("--suffix has no meaning without --in-place")
	case !j.inPlace:
		return j, nil
	case c.Typed("output"):
		return nil, report.Usagef("--in-place and --output exclude each other")
	case slices.Contains(j.inputs, "-"):
		return nil, report.WithHint(report.Usagef("standard input cannot be signed in place"), "name the file")
	case j.suffix == "" || strings.ContainsRune(j.suffix, '/'):
		return nil, report.Usagef("reading --suffix %q: not a valid end of a file name, such as .orig", j.suffix)
	}
	return j, nil
}

// read reads the documents and makes sure that they can be signed, and that
// their outputs can be written.
func (j *job) read(c *command.Call) error {
	for _, input := range j.inputs {
		src, name, err := c.Read(input, "a metadata document", signature.MaxBytes)
		if err != nil {
			return err
		}
		d, err := j.Parse(name, src)
		if err != nil {
			return j.hint(d, err)
		}
		j.documents = append(j.documents, d)
	}
	if err := j.checkOutputs(c); err != nil || j.image == "" {
		return err
	}
	return j.checkImage(c)
}

// checkImage makes sure that the document describes the image.
func (j *job) checkImage(c *command.Call) error {
	r, name, err := c.Open(j.image, "an image")
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	meter := c.Log.Meter("checking "+name, c.InputSize(j.image))
	err = j.documents[0].CheckImage(c.Ctx, io.TeeReader(r, meter), name)
	_ = meter.Close()
	return err
}
