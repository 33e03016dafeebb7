package shell

import (
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		line string
		want []string
		bad  bool
	}{
		{line: "", want: nil},
		{line: "  setup.sh  ", want: []string{"setup.sh"}},
		{line: "a/b.sh /etc/x --k=v,w", want: []string{"a/b.sh", "/etc/x", "--k=v,w"}},
		{line: `s 'two words' "a 'b' \"c\" \$d" e\ f`, want: []string{"s", "two words", `a 'b' "c" \$d`, "e f"}},
		{line: `s '' ""`, want: []string{"s", "", ""}},
		{line: `s a'b'"c"`, want: []string{"s", "abc"}},
		{line: `s $HOME * ;`, want: []string{"s", "$HOME", "*", ";"}},
		{line: `s 'open`, bad: true},
		{line: `s end\`, bad: true},
	}
	for _, test := range tests {
		got, err := Split(test.line)
		if (err != nil) != test.bad {
			t.Errorf("Split(%q): error %v, want one: %v", test.line, err, test.bad)
		}
		if diff := cmp.Diff(test.want, got); diff != "" && !test.bad {
			t.Errorf("Split(%q) (-want +got):\n%s", test.line, diff)
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "plain", "two words", "it's", `back\slash`, "$(id) `id` ;&|", "new\nline", "é", "-x", "*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range s {
			if r == 0 || r == '\uFFFD' {
				t.Skip("no argument of a program holds NUL, and only UTF-8 is split")
			}
		}
		got, err := Split(Quote(s))
		if err != nil || len(got) != 1 || got[0] != s {
			t.Errorf("Split(Quote(%q)) = %q, %v", s, got, err)
		}
		out, err := exec.Command("sh", "-c", "printf %s "+Quote(s)+"x").Output()
		if err != nil || string(out) != s+"x" {
			t.Errorf("a shell reads Quote(%q) as %q, %v", s, out, err)
		}
	})
}

// The shell must read the name of a file as it is, and no program take it for an
// option.
func TestQuotePath(t *testing.T) {
	for _, name := range []string{"a.p12", "-a.p12", "it's mine.p12", "$(reboot) `x` \"y\" \\.p12", "Zoë\n.p12", "*"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+QuotePath(name)).Output()
		want := name
		if name[0] == '-' {
			want = "./" + name
		}
		if err != nil || string(out) != want {
			t.Errorf("%q: the shell reads %q (%v)", name, out, err)
		}
	}
}
