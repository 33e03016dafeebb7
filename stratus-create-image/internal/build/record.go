package build

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/recipe"
)

// record is what an image was made from. It is kept on this host, and the draft has its
// digest: by the two, a later build finds that it would make the same again.
type record struct {
	Random string // a secret: others cannot try out what the draft's digest may stand for
	Inputs []input
	Lists  *lists      // the package lists that were used; nil: none
	Image  files.Stamp // of the output, when it was written
}

// input is one thing that an image is made from.
type input struct{ Name, Digest string }

// digest returns the digest for the draft.
func (c *record) digest() string {
	texts := []string{c.Random}
	for _, i := range c.Inputs {
		texts = append(texts, i.Name, i.Digest)
	}
	if c.Lists != nil {
		texts = append(texts, c.Lists.state())
	}
	return join(texts...)
}

// inputs returns all that the image is made from, apart from the state of the archives.
// The base must have been found.
func (r *run) inputs(ctx context.Context) ([]input, error) {
	base, err := r.baseInput()
	if err != nil {
		return nil, err
	}
	said, err := r.Context.Digest(r.Scheme, r.User)
	if err != nil {
		return nil, err
	}
	machine, err := r.Engine.Describe(ctx, r.spec(noDir, engine.Base{Path: noDir, Absent: true}))
	if err != nil {
		return nil, err
	}
	var sealing []string
	r.Seal.Describe(func(_, format string, args ...any) { sealing = append(sealing, fmt.Sprintf(format, args...)) })
	about, err := json.Marshal(r.Texts)
	if err != nil {
		return nil, err
	}
	list := []input{
		{"the version of this program", r.Version},
		{"the base", base},
		{"the context", join(said, r.User, string(r.Scheme))},
		{"the machine", join(machine[0].Text, fmt.Sprint(r.ApplianceCPU, r.Disk), r.OS)},
		{"what sealing removes", join(sealing...)},
		{"the description", join(string(about), fmt.Sprint(r.SBOM != ""))},
		{"the form of the output", r.Target.Form()},
	}
	for _, s := range r.Recipe.Steps() {
		digest, err := s.Digest()
		if err != nil {
			return nil, err
		}
		list = append(list, input{s.Name, digest})
	}
	return list, nil
}

// errNotKnown reports that it is not known whether something has changed.
var errNotKnown = errors.New("whether it has changed is not known without reading it")

// baseInput returns what stands for the bytes of the base, and for what is said of it.
func (r *run) baseInput() (string, error) {
	said := ""
	if d := r.found.Description; d != nil {
		text, err := d.Bytes()
		if err != nil {
			return "", err
		}
		said = join(string(text))
	}
	name := r.Base.Name
	switch {
	case name.Form == base.URL && name.SHA256 == nil, name.Form == base.File && strings.HasSuffix(strings.ToLower(name.Text), ".ovf"):
		return "", fmt.Errorf("the base %q: %w", name.Text, errNotKnown)
	case name.Form != base.File:
		return join(name.Text, fmt.Sprintf("%x", name.SHA256), said), nil
	}
	stamp, err := files.StampOf(name.Text)
	if err != nil {
		return "", err
	}
	return join(fmt.Sprint(stamp), fmt.Sprintf("%x", name.SHA256), said), nil
}

// newRecord begins the record of the build; nil where it would say nothing.
func (r *run) newRecord(ctx context.Context) *record {
	if r.Reuse == nil || r.Target == nil {
		return nil
	}
	list, err := r.inputs(ctx)
	if err != nil {
		r.log.Verbosef("--if-changed will not know this image: %v", err)
		return nil
	}
	return &record{Random: rand.Text(), Inputs: list}
}

// finishRecord adds what is known at the end. Lists of packages that are not known, and
// steps whose inputs have changed meanwhile, are the end of the record.
func (r *run) finishRecord() {
	if r.record == nil {
		return
	}
	for _, s := range r.Recipe.Steps() {
		digest, err := s.Digest()
		if err != nil || !r.record.has(input{s.Name, digest}) {
			r.record = nil
			return
		}
	}
	if r.record.Lists = r.lists; r.Recipe.NeedsRepos() && r.lists == nil {
		r.record = nil
	}
}

func (c *record) has(want input) bool {
	for _, i := range c.Inputs {
		if i == want {
			return true
		}
	}
	return false
}

// writeRecord keeps the record. Without it, the next build takes place.
func (r *run) writeRecord() {
	if r.record == nil {
		return
	}
	err := r.record.write(r.recordFile(), r.Target.Path)
	if err != nil {
		r.log.Warnf("--if-changed will not know this image: %v", err)
	}
}

func (c *record) write(name, image string) (err error) {
	if c.Image, err = imageStamp(image); err != nil {
		return err
	}
	text, err := json.Marshal(c) //nolint:gosec // where Secret belongs
	if err != nil {
		return err
	}
	return writeWhole(name, text)
}

// imageStamp returns the stamp of an image, without what changes with its owner and its
// links.
func imageStamp(path string) (files.Stamp, error) {
	s, err := files.StampOf(path)
	s.CTime = 0
	return s, err
}

// recordFile returns the file with the record of the output.
func (r *run) recordFile() string {
	path, err := filepath.Abs(r.Target.Path)
	if err != nil {
		path = r.Target.Path
	}
	return filepath.Join(r.Reuse.Dir, "outputs", join(path)+".json")
}

// UpToDate returns the reason why Run would not make again what is in the output already,
// with its draft in the given file. It is empty if it would: nothing is changed, and nothing
// is downloaded but the state of archives. The request must have Reuse and Target.
func UpToDate(ctx context.Context, q *Request, draft string) (reason string, err error) {
	r := &run{Request: q, log: q.Log}
	if err := r.check(ctx); err != nil {
		return "", err
	}
	var c record
	text, err := os.ReadFile(r.recordFile())
	if errors.Is(err, fs.ErrNotExist) {
		return "no record of such an image is kept", nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return fmt.Sprintf("the record of the image cannot be read: %v", err), nil
	}
	if reason := r.sameOutputs(&c, draft); reason != "" {
		return reason, nil
	}
	if r.found, err = q.Base.Find(ctx, q.Log); err != nil {
		return "", err
	}
	if err := r.Recipe.LoadKeys(ctx); err != nil {
		return "", err
	}
	now, err := r.inputs(ctx)
	if err != nil {
		return err.Error(), ctx.Err()
	}
	if name := changed(c.Inputs, now); name != "" {
		return name + " has changed", nil
	}
	if err := c.Lists.check(ctx, q.Reuse.HTTP); err != nil {
		return err.Error(), ctx.Err()
	}
	return "", nil
}

// sameOutputs returns what is not as it was written.
func (r *run) sameOutputs(c *record, draft string) string {
	if now, err := imageStamp(r.Target.Path); err != nil || now != c.Image {
		return fmt.Sprintf("the image %q is not the one that was written", r.Target.Path)
	}
	if _, err := os.Lstat(r.SBOM); r.SBOM != "" && err != nil {
		return fmt.Sprintf("the list of packages %q is not there", r.SBOM)
	}
	f, err := os.Open(draft)
	if err != nil {
		return fmt.Sprintf("the description %q is not there", draft)
	}
	defer f.Close()
	if d, err := metadata.Read(f); err != nil || d.Text(metadata.Inputs) != c.digest() {
		return fmt.Sprintf("the description %q is not of this image", draft)
	}
	return ""
}

// changed returns the name of the first input that differs, empty for none.
func changed(before, now []input) string {
	for i, one := range now {
		if i >= len(before) || before[i] != one {
			return one.Name
		}
	}
	if len(before) > len(now) {
		return before[len(now)].Name
	}
	return ""
}

// check returns an error if the archives are no longer those of the lists.
func (l *lists) check(ctx context.Context, client recipe.HTTP) error {
	if l == nil {
		return nil
	}
	if len(l.Archives) == 0 {
		if age := time.Since(l.Made); age < 0 || age > unchecked {
			return fmt.Errorf("the package lists are more than %v old", unchecked)
		}
		return nil
	}
	now, err := recipe.Fetch(ctx, client, l.Archives)
	if err != nil {
		return err
	}
	for i := range now {
		if now[i] != l.Archives[i] {
			return fmt.Errorf("the index %q has changed", now[i].URL)
		}
	}
	return nil
}
