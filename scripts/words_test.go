package scripts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// message is a text for people in the source.
type message struct {
	text, at string
	hint     bool
}

// speaks names the functions whose format is an error, a hint or a log line,
// with the place of the format among their arguments.
var speaks = map[string]int{
	"errors.New": 0, "fmt.Errorf": 0,
	"report.Usagef": 0, "report.BadInputf": 0, "report.Credentialsf": 0, "report.Refusedf": 0, "report.Unreachablef": 0,
	"report.WithHint": 1, "Infof": 0, "Verbosef": 0, "Warnf": 0,
}

// sources parses every Go file that is not a test.
func sources(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		files = append(files, f)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("reading the source: %d files, %v", len(files), err)
	}
	return fset, files
}

// messages extracts every message from the source.
func messages(fset *token.FileSet, files []*ast.File) []message {
	var found []message
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := calledName(call)
			place, ok := speaks[name]
			if !ok || len(call.Args) <= place {
				return true
			}
			if text := literal(call.Args[place]); text != "" {
				found = append(found, message{text, fset.Position(call.Pos()).String(), name == "report.WithHint"})
			}
			return true
		})
	}
	return found
}

// calledName returns PACKAGE.NAME for the functions of a package, else NAME.
func calledName(call *ast.CallExpr) string {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := s.X.(*ast.Ident); ok {
		if _, known := speaks[x.Name+"."+s.Sel.Name]; known {
			return x.Name + "." + s.Sel.Name
		}
	}
	return s.Sel.Name
}

// literal returns the text of a constant string, with those that are added to
// it.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	}
	return ""
}

// dialects are words that messages must not use, with what stands for them.
var dialects = []struct {
	pattern *regexp.Regexp
	want    string
}{
	{regexp.MustCompile(`\b(is|are) expected\b`), `"not a valid X", or "want X"`},
	{regexp.MustCompile(`\b(is|are) allowed\b`), `"at most N", or "X is not supported; want A, B or C"`},
	{regexp.MustCompile(`\ballowed:`), `"want"`},
	{regexp.MustCompile(`\b(are|is) known\b`), `"X is not supported; want A, B or C"`},
	{regexp.MustCompile(`(?i)\b(somebody|whoever|nobody)\b`), "the subject's name"},
}

// TestMessages holds every message to one form: it begins in lower case, ends
// without a full stop, and has one phrase for one thing.
func TestMessages(t *testing.T) {
	fset, files := sources(t)
	all := messages(fset, files)
	if len(all) < 500 {
		t.Fatalf("%d messages were found: the test does not see them", len(all))
	}
	for _, m := range all {
		t.Logf("%s: %q", m.at, m.text)
		first, rest := m.text[0], m.text[1:]
		upper := first >= 'A' && first <= 'Z' && len(rest) > 0 && rest[0] >= 'a' && rest[0] <= 'z'
		if upper && !m.hint && !properName.MatchString(m.text) {
			t.Errorf("%s: %q begins with a capital letter", m.at, m.text)
		}
		if strings.HasSuffix(m.text, ".") && !strings.HasSuffix(m.text, "...") {
			t.Errorf("%s: %q ends with a full stop", m.at, m.text)
		}
		for _, d := range dialects {
			if word := d.pattern.FindString(m.text); word != "" {
				t.Errorf("%s: %q: %q is not one of our phrases; want %s", m.at, m.text, word, d.want)
			}
		}
	}
}

var properName = regexp.MustCompile(`^(Marketplace|Go|Debian|Ubuntu)\b`)

// riddles are forms of comments that Go's own documentation does not have.
var riddles = regexp.MustCompile(`\b(tells (whether|of|apart)|has it that)\b|` +
	`^(\w+ )?gives (a|an|the|every|what|it)\b|` +
	`^Who(ever)? |[.:] Who(ever)? (\w+s|has|is) `)

// TestComments holds comments to the forms of Go's own documentation.
func TestComments(t *testing.T) {
	fset, files := sources(t)
	for _, f := range files {
		for _, group := range f.Comments {
			text := strings.Join(strings.Fields(group.Text()), " ")
			if word := riddles.FindString(text); word != "" {
				t.Errorf("%s: a comment with %q", fset.Position(group.Pos()), word)
			}
		}
	}
}
