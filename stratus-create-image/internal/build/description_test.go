package build

import (
	"crypto/md5"
	"crypto/sha1"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/digest"
	"github.com/stratuslab/stratus/lib/diskimage"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/stratus-create-image/internal/base"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/enginetest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/guest"
)

// described returns the description of a base image with the given content.
func described(content string) *metadata.Document {
	sha, md := sha1.Sum([]byte(content)), md5.Sum([]byte(content))
	d := metadata.New()
	d.SetImage(diskimage.Image{Bytes: int64(len(content)), SHA1: sha[:], MD5: md[:]})
	for term, text := range map[metadata.Term]string{
		metadata.Type: "grid", metadata.Version: "2.9", metadata.Hypervisor: "xen", metadata.Publisher: "Example",
	} {
		d.SetText(term, text)
	}
	return d
}

func TestDraft(t *testing.T) {
	sums, err := digest.Raw(t.Context(), strings.NewReader("foo"))
	if err != nil {
		t.Fatal(err)
	}
	machine, err := new(enginetest.Fake).Start(t.Context(), &engine.Spec{Base: engine.Base{Path: "/"}})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{
		Request: &Request{
			OS: "mint", Target: new(engine.Target), Now: func() (time.Time, error) { return time.Unix(1700000000, 0), nil },
			Texts: Texts{Title: `a & "b"`, Comment: "two\nlines", Replaces: "J7M1U1pZuOJOcq_d7bypZorP2KY"},
		},
		machine: machine, found: &base.Found{Description: described("the base")}, base: &base.Image{Sums: sums},
		os: guest.OS{ID: "debian", Version: "12", Arch: "x86_64"},
	}
	r.reused = []made{{"machine", "machine", time.Unix(1700000000, 0)},
		{`the command "secret"`, "command", time.Unix(1700000060, 0)}}
	text, err := r.draft(sums, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := metadata.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, term := range []metadata.Term{
		metadata.Identifier, metadata.Bytes, metadata.Type, metadata.Version, metadata.Hypervisor, metadata.Publisher, metadata.Title,
		metadata.Description, metadata.OS, metadata.OSVersion, metadata.Created, metadata.Valid,
		metadata.IsVersionOf, metadata.Replaces, metadata.Reused,
	} {
		got[term.Name] = d.Text(term)
	}
	want := map[string]string{
		"identifier": "Avux7XqPw_byV0N1H88W8J12ooz", "bytes": "3", "type": "grid", "version": "2.10",
		"hypervisor": "xen", "publisher": "Example",
		"title": `a & "b"`, "description": "two\nlines", "os": "mint", "os-version": "12",
		"created": "2023-11-14T22:13:20Z", "valid": "2024-05-12T22:13:20Z", "isVersionOf": "Avux7XqPw_byV0N1H88W8J12ooz",
		"reused":   "machine 2023-11-14T22:13:20Z; command 2023-11-14T22:14:20Z",
		"replaces": "J7M1U1pZuOJOcq_d7bypZorP2KY",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the draft (-want +got):\n%s", diff)
	}
}
