package build

import (
	"strings"
	"testing"
)

// TestReuse makes images one after the other, each of which goes on from what the ones
// before have kept.
func TestReuse(t *testing.T) {
	w := newWorld(t)
	w.build("the first", w.request(), want{calls: "start snapshot snapshot", image: "a:a\n"})
	w.build("again", w.request(), want{calls: "resume", reused: "machine; command", image: "a:a\n"})
	q := w.request()
	q.Recipe.Commands = append(q.Recipe.Commands, "echo b >>/srv/made/b")
	w.build("one command more", q, want{calls: "resume snapshot", reused: "machine; command", image: "a:a\nb:b\n"})
	q = w.request()
	q.Recipe.Commands[0] = "echo c >>/srv/made/c"
	w.build("another command", q, want{calls: "resume snapshot", reused: "machine", image: "c:c\n"})
	q = w.request()
	q.Recipe.Commands, q.Reuse.Scripts = []string{"echo d >>/srv/made/d"}, false
	w.build("no steps are kept", q, want{calls: "resume", reused: "machine", image: "d:d\n"})
	q = w.request()
	q.Recipe.Commands = []string{"echo e >>/srv/made/e", "exit 3"}
	before := len(w.fake.Snapshots())
	w.build("a command fails", q, want{calls: "resume snapshot", err: "exit status 3"})
	if after := len(w.fake.Snapshots()); after != before+1 {
		t.Errorf("a build whose second command failed has kept %d machines, want 1", after-before)
	}
	q = w.request()
	q.Reuse = nil
	w.build("without reuse", q, want{calls: "start", image: "a:a\n"})
	for _, name := range w.fake.Snapshots() {
		if note, _ := w.fake.Note(name); !strings.Contains(string(note), "PRIVATE KEY") {
			t.Errorf("the note of %q has no key to log in with", name)
		}
	}
	if text := strings.Join(w.lines, "\n"); strings.Contains(text, "PRIVATE KEY") {
		t.Error("the log has a private key")
	}
}

// TestReuseFails has snapshots fail in every way: the image is right, with one warning.
func TestReuseFails(t *testing.T) {
	const notGoing = "not going on from an earlier build: "
	w := newWorld(t)
	whole := want{calls: "start snapshot snapshot", image: "a:a\n"}
	for _, test := range []struct {
		name   string
		change func(w *world, q *Request)
		want   want
	}{
		{"the last one is damaged", func(w *world, _ *Request) { w.damage("command") },
			want{calls: "resume resume snapshot", reused: "machine", warnings: []string{notGoing}, image: "a:a\n"}},
		{"its note is not valid", func(w *world, _ *Request) { w.setNotes("command", "{") },
			want{calls: "resume resume snapshot", reused: "machine", warnings: []string{notGoing}, image: "a:a\n"}},
		{"its note has other keys", func(w *world, _ *Request) { w.setNotes("command", `{"Seed":{"Login":"x"}}`) },
			want{calls: "resume resume snapshot", reused: "machine", warnings: []string{notGoing}, image: "a:a\n"}},
		{"nothing resumes", func(w *world, _ *Request) { w.fake.At = "resume" },
			want{calls: "resume resume start snapshot snapshot", warnings: []string{notGoing, notGoing}, image: "a:a\n"}},
		{"refreshed", func(_ *world, q *Request) { q.Reuse.Refresh = true }, whole},
		{"the machine is lost", func(w *world, q *Request) { w.fake.At, q.Reuse.Refresh = "snapshot", true },
			want{calls: "start snapshot start", warnings: []string{"making the image anew"}, image: "a:a\n"}},
		{"no guest can be refreshed", func(w *world, _ *Request) { w.output("ln -sf /bin/false /usr/local/bin/date") },
			want{calls: "resume resume start snapshot snapshot", warnings: []string{notGoing, notGoing}, image: "a:a\n"}},
	} {
		for _, name := range w.fake.Snapshots() {
			_ = w.fake.Forget(nil, name)
		}
		w.build("the first", w.request(), whole)
		q := w.request()
		test.change(w, q)
		w.build(test.name, q, test.want)
		if w.fake.At = ""; test.name == "no guest can be refreshed" {
			break // the last
		}
		w.build("after "+test.name, w.request(), want{calls: "resume", reused: "machine; command", image: "a:a\n"})
	}
}

// of returns the names of the snapshots whose last layer is of a kind.
func (w *world) of(kind string) (found []string) {
	for _, name := range w.fake.Snapshots() {
		note, _ := w.fake.Note(name)
		if at := strings.LastIndex(string(note), `"Kind":"`); strings.HasPrefix(string(note)[at:], `"Kind":"`+kind+`"`) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		w.Fatalf("no snapshot is of the kind %q", kind)
	}
	return found
}

func (w *world) damage(kind string) {
	for _, name := range w.of(kind) {
		w.fake.SetNote(name, nil)
	}
}

func (w *world) setNotes(kind, note string) {
	for _, name := range w.of(kind) {
		w.fake.SetNote(name, []byte(note))
	}
}
