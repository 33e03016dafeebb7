package contextualize

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
)

const golden = `Content-Type: multipart/mixed; boundary="stratus-fceb56394f2624021089a68f603b62d7"
MIME-Version: 1.0

--stratus-fceb56394f2624021089a68f603b62d7
Content-Type: text/x-shellscript; charset=utf-8
Content-Disposition: attachment; filename="001-a_b.sh"
Content-Transfer-Encoding: 7bit

#!/bin/sh
true

--stratus-fceb56394f2624021089a68f603b62d7
Content-Type: text/cloud-config; charset=utf-8
Content-Disposition: attachment; filename="002-c"
Content-Transfer-Encoding: base64

I2Nsb3VkLWNvbmZpZwpuYW1lOiBow6kK

--stratus-fceb56394f2624021089a68f603b62d7--
`

func TestJoinParts(t *testing.T) {
	got, err := joinParts([]Part{{"a\"b.sh", "", []byte("#!/bin/sh\ntrue\n")},
		{"c", "cloud-config", []byte("#cloud-config\nname: h\xc3\xa9\n")}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(golden, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	alone := []byte("anything\x00\xff")
	if got, err := joinParts([]Part{{"a", "", alone}}); err != nil || !bytes.Equal(got, alone) {
		t.Errorf("one file: %q, %v", got, err)
	}
	if got, err := joinParts(nil); err != nil || got != nil {
		t.Errorf("nothing: %q, %v", got, err)
	}
}

// hostile are texts that some step on the way to a script could change.
func hostileScripts() map[string]string {
	all := new(strings.Builder)
	for c := rune(1); c < 0x300; c++ {
		all.WriteRune(c)
	}
	return map[string]string{
		"quotes":   "#!/bin/sh\necho 'a' \"b\" `c` $(d) \\ \n",
		"no end":   "#!/bin/sh\necho",
		"empty":    "",
		"cr":       "#!/bin/sh\nline\r\nother\rend\r",
		"mail":     "#!/bin/sh\ncat <<E\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nE\n",
		"boundary": "#!/bin/sh\n--stratus-0\n\n--\n",
		"from":     "#!/bin/sh\nFrom me\n.\n",
		"long":     "#!/bin/sh\n" + strings.Repeat("x", 5000),
		"unicode":  "#!/bin/sh\n" + all.String(),
		"blanks":   "#!/bin/sh\n\n  \t \n\n\n",
		"large":    "#!/bin/sh\n" + strings.Repeat("0123456789\n", 90000),
	}
}

// readBack gives the decoded parts, as Go reads them.
func readBack(t testing.TB, document []byte) []string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	var parts []string
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		body := io.Reader(part)
		if part.Header.Get("Content-Transfer-Encoding") == "base64" {
			body = base64.NewDecoder(base64.StdEncoding, part)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(content))
	}
}

func FuzzDocument(f *testing.F) {
	for name, text := range hostileScripts() {
		f.Add(name, []byte(text))
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		document, err := joinParts([]Part{{name, "cloud-config", content}, {name, "jinja2", []byte("x")}})
		if err != nil {
			return
		}
		if diff := cmp.Diff([]string{string(content), "x"}, readBack(t, document)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		_, _ = joinParts([]Part{{Name: name, Content: content}, {Name: name, Content: content}})
	})
}

// process lets cloud-init take a document, and gives for each part its type
// and the bytes that its handlers get.
func process(t *testing.T, document []byte) (got []struct {
	Type, Name string
	Content    []byte
}) {
	t.Helper()
	cmd := peers.Python(t, "cloudinit", "testdata/process.py")
	cmd.Stdin = bytes.NewReader(document)
	peers.Answer(t, cmd, &got)
	return got
}

func TestJoinPartsForCloudInit(t *testing.T) {
	var parts []Part
	for name, text := range hostileScripts() {
		parts = append(parts, Part{name, "x-shellscript", []byte(text)})
	}
	document, err := joinParts(parts)
	if err != nil {
		t.Fatal(err)
	}
	got := process(t, document)
	if len(got) != len(parts) {
		t.Fatalf("got %d parts, want %d", len(got), len(parts))
	}
	for i, p := range parts {
		if got[i].Type != "text/x-shellscript" || !bytes.Equal(got[i].Content, p.Content) {
			t.Errorf("%s: %s, %.200q", p.Name, got[i].Type, got[i].Content)
		}
	}
}

// TestJoinPartsAlone is about one file, which goes as it is or, where that
// would be misunderstood, does not.
func TestJoinPartsAlone(t *testing.T) {
	for _, name := range []string{"mail", "quotes"} {
		text := hostileScripts()[name]
		document, err := joinParts([]Part{{name, "", []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := process(t, document); len(got) != 1 || got[0].Type != "text/x-shellscript" || string(got[0].Content) != text {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestJoinPartsNested is about documents that are MIME already, or gzipped, as
// parts of ours.
func TestJoinPartsNested(t *testing.T) {
	inner, err := joinParts([]Part{{"a", "x-shellscript", []byte("#!/bin/a \xc3\xa9")}, {"b", "x-shellscript", []byte("#!/bin/b")}})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := compress(inner)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{inner, packed} {
		document, err := joinParts([]Part{{"mime", "", content}, {"c", "cloud-config", []byte("#cloud-config\n")}})
		if err != nil {
			t.Fatal(err)
		}
		var contents []string
		for _, p := range process(t, document) {
			contents = append(contents, string(p.Content))
		}
		if diff := cmp.Diff([]string{"#!/bin/a \xc3\xa9", "#!/bin/b", "#cloud-config\n"}, contents); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestRunScript runs a script of any bytes, straight and as cloud-init gets it.
func TestRunScript(t *testing.T) {
	script := []byte("#!/bin/sh\nsha256sum <\"$0\"\ncat\nexit 7\n")
	for c := range 256 {
		script = append(script, byte(c))
	}
	document, err := joinParts([]Part{{"we'ird $(name)", "x-shellscript", script}})
	if err != nil {
		t.Fatal(err)
	}
	commands := []string{runScript(Part{"we'ird $(name)", "", script}), string(process(t, document)[0].Content)}
	sum, err := pipe(exec.Command("sha256sum"), script)
	if err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells {
		peers.Need(t, strings.Fields(shell)[0])
		for _, command := range commands {
			argv := strings.Fields(shell)
			got, err := pipe(exec.Command(argv[0], append(argv[1:], "-s")...), []byte(command))
			var exit *exec.ExitError
			if got != sum || !errors.As(err, &exit) || exit.ExitCode() != 7 {
				t.Errorf("%s: got %q, %v, want %q and exit status 7", shell, got, err, sum)
			}
		}
	}
}

func pipe(cmd *exec.Cmd, stdin []byte) (string, error) {
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

func TestFormatJSON(t *testing.T) {
	all := new(strings.Builder)
	for c := rune(0); c < 0x10000; c++ {
		if c < 0xd800 || c > 0xdfff {
			all.WriteRune(c)
		}
	}
	all.WriteString("\U0001f600")
	text, err := formatJSON(all.String())
	if err != nil {
		t.Fatal(err)
	}
	got, err := pipe(peers.Python(t, "yaml", "-c",
		"import sys, yaml; sys.stdout.buffer.write(yaml.safe_load(sys.stdin.buffer).encode())"), text)
	if err != nil || got != all.String() {
		t.Errorf("YAML reads another text: %v", err)
	}
}
