package edit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/stratuslab/stratus/lib/peers"
)

var errUgly = errors.New("ugly -- really --- ugly\nsecond line")

// noUgly objects to a text that says "ugly".
func noUgly(text []byte) error {
	if bytes.Contains(text, []byte("ugly")) {
		return errUgly
	}
	return nil
}

// editing runs one session with a shell script for an editor; "$n" in it is
// the number of the round, "$1" the file. It gives what every round was shown,
// and everything that was left behind.
func editing(t *testing.T, text, script string) (edited string, shown []string, left map[string]string, err error) {
	t.Helper()
	peers.Need(t, "sed")
	dir := t.TempDir()
	t.Setenv("TMPDIR", filepath.Join(dir, "tmp"))
	t.Setenv("ROUNDS", filepath.Join(dir, "rounds"))
	for _, name := range []string{"tmp", "rounds"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "an editor")
	const head = "#!/bin/sh\nn=$(ls \"$ROUNDS\" | wc -l); cp \"$1\" \"$ROUNDS/$n\"\n"
	if err := os.WriteFile(program, []byte(head+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := Session{Program: "build", Editor: "'" + program + "'", Stderr: &bytes.Buffer{}}
	got, err := s.Edit(context.Background(), []byte(text), noUgly)
	for _, body := range files(t, filepath.Join(dir, "rounds")) {
		shown = append(shown, body)
	}
	return string(got), shown, files(t, filepath.Join(dir, "tmp")), err
}

// files returns the contents of all files below a directory, by path.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		found[path] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEditPasses(t *testing.T) {
	tests := []struct {
		name, script string
		want         string
		rounds       int
	}{
		{"untouched", "true", "<a>fair</a>\n", 1},
		{"changed", `sed -i s/fair/good/ "$1"`, "<a>good</a>\n", 1},
		{"replaced by a rename", `echo '<b/>' >"$1.new" && mv "$1.new" "$1"`, "<b/>\n", 1},
		{
			"wrong, then right", `if [ $n = 0 ]; then sed -i s/fair/ugly/ "$1"; else sed -i s/ugly/good/ "$1"; fi`,
			"<a>good</a>\n", 2,
		},
		{"wrong twice", `case $n in 0) echo ugly >"$1";; 1) echo ugly2 >"$1";; *) echo '<b/>' >"$1";; esac`, "<b/>\n", 3},
		{"the message taken out", `if [ $n = 0 ]; then echo ugly >"$1"; else echo '<b/>' >"$1"; fi`, "<b/>\n", 2},
		{
			"the message changed",
			`if [ $n = 0 ]; then echo '<a>ugly</a>' >"$1"; else sed -i -e 's/give up/surrender/' -e 's/ugly/good/' "$1"; fi`,
			"<a>good</a>\n", 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, shown, left, err := editing(t, "<a>fair</a>\n", tt.script)
			if err != nil || got != tt.want || len(shown) != tt.rounds {
				t.Errorf("got %q (%v) after %d rounds, want %q after %d", got, err, len(shown), tt.want, tt.rounds)
			}
			if len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestEditShowsTheMessageOnTop(t *testing.T) {
	_, shown, _, _ := editing(t, "<a>fair</a>\n", `if [ $n = 0 ]; then echo '<a>ugly</a>' >"$1"; else echo '<b/>' >"$1"; fi`)
	const want = `<!-- Message of build, which goes away by itself. The text does not pass:
  ugly - - really - - - ugly
  second line
To give up, leave the text as it is.
End of the message -->
<a>ugly</a>
`
	if len(shown) != 2 {
		t.Fatalf("%d rounds, want 2", len(shown))
	}
	for _, text := range shown {
		if text != "<a>fair</a>\n" && text != want {
			t.Errorf("(-want +got):\n%s", cmp.Diff(want, text))
		}
	}
}

func TestEditGivesUp(t *testing.T) {
	tests := []struct {
		name, script string
		want         error
		rounds       int
		kept         string // the text in the file that the error names
	}{
		{"emptied at first", `: >"$1"`, ErrEmptied, 1, ""},
		{"white space is empty", `printf ' \n\n' >"$1"`, ErrEmptied, 1, ""},
		{"removed at first", `rm "$1"`, ErrEmptied, 1, ""},
		{"left as it was", `[ $n != 0 ] || echo ugly >"$1"`, ErrRejected, 2, "ugly\n"},
		{"only the message taken out", `echo ugly >"$1"`, ErrRejected, 2, "ugly\n"},
		{"emptied in the end", `if [ $n = 0 ]; then echo ugly >"$1"; else : >"$1"; fi`, ErrRejected, 2, "ugly\n"},
		{"another mistake, then left", `case $n in 0) echo ugly >"$1";; 1) echo ugly2 >"$1";; esac`, ErrRejected, 3, "ugly2\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, shown, left, err := editing(t, "<a>fair</a>\n", tt.script)
			if !errors.Is(err, tt.want) || got != "" || len(shown) != tt.rounds {
				t.Errorf("got %q (%v) after %d rounds, want %v after %d", got, err, len(shown), tt.want, tt.rounds)
			}
			wantKept(t, err, tt.kept, left)
			if errors.Is(tt.want, ErrRejected) && !errors.Is(err, errUgly) {
				t.Errorf("%v does not say why", err)
			}
		})
	}
}

// wantKept checks that the error names the one file that holds the text.
func wantKept(t *testing.T, err error, text string, left map[string]string) {
	t.Helper()
	want := make(map[string]string)
	var kept *KeptError
	switch found := errors.As(err, &kept); {
	case found && text != "":
		want[kept.Path] = text
	case found || text != "":
		t.Errorf("kept: %v (%v), want %q", found, err, text)
	}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("files left behind (-want +got):\n%s", diff)
	}
}

func TestEditorFails(t *testing.T) {
	tests := []struct {
		name, script string
		kept         string
	}{
		{"at once", "exit 7", ""},
		{"after a change", `echo '<half' >"$1"; exit 7`, "<half\n"},
		{"by a signal", "kill -9 $$", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, left, err := editing(t, "<a>fair</a>\n", tt.script)
			if err == nil || !strings.Contains(err.Error(), "running the editor ") || errors.Is(err, ErrRejected) {
				t.Errorf("got %v, want the editor's failure", err)
			}
			wantKept(t, err, tt.kept, left)
		})
	}
}

func TestEditBoundsTheText(t *testing.T) {
	_, _, _, err := editing(t, "<a/>\n", `head -c 20000000 /dev/zero | tr '\0' x >"$1"`)
	var kept *KeptError
	if !errors.As(err, &kept) || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v, want an error about the size that keeps the text", err)
	}
}

func TestEditEndsWithTheContext(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	ready := filepath.Join(t.TempDir(), "ready")
	if err := unix.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = os.ReadFile(ready) // until the editor runs
		cancel()
	}()
	editor := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\necho ready >'"+ready+"'; exec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Session{Program: "build", Editor: editor, Stderr: &bytes.Buffer{}}.Edit(ctx, []byte("<a/>"), noUgly)
	if err == nil || ctx.Err() == nil {
		t.Errorf("got %v before the context ended (%v)", err, ctx.Err())
	}
	if left := files(t, os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestChoose(t *testing.T) {
	tests := []struct{ visual, editor, want string }{
		{"emacs -nw", "ed", "emacs -nw"},
		{"", "ed", "ed"},
	}
	for _, tt := range tests {
		t.Setenv("VISUAL", tt.visual)
		t.Setenv("EDITOR", tt.editor)
		if got, err := Choose(); err != nil || got != tt.want {
			t.Errorf("VISUAL=%q EDITOR=%q: got %q (%v), want %q", tt.visual, tt.editor, got, err, tt.want)
		}
	}
}

// FuzzComment: what is put on top comes off again, whatever it is put on.
func FuzzComment(f *testing.F) {
	f.Add("build", "objection", "<a/>\n")
	f.Add("build", "-->-- \x00\n-", "")
	f.Add("b--", "End of the message -->\n", "<!-- Message of me -->")
	f.Add("", "\n\n", "End of the message -->\n")
	f.Fuzz(func(t *testing.T, program, objection, text string) {
		message := comment(program, errors.New(objection))
		inner := strings.TrimSuffix(strings.TrimPrefix(string(message), "<!--"), "-->\n")
		if strings.Contains(inner, "--") {
			t.Errorf("the comment %q ends early", message)
		}
		if got := withoutComment(append(bytes.Clone(message), text...), message); string(got) != text {
			t.Errorf("got %q back, want %q", got, text)
		}
	})
}
