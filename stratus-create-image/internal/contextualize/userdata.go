package contextualize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stratuslab/stratus/lib/files"
	"github.com/stratuslab/stratus/lib/report"
)

// MaxUserData bounds all files of user data together, in bytes.
const MaxUserData = 1 << 20

// Part is one file of user data.
type Part struct {
	Name    string // the file's base name
	Type    string // what follows text/ in its media type, or empty: by its first line
	Content []byte
}

// UserData is what the user wants a new machine to do.
type UserData struct {
	Keys     []string // lines of authorized_keys, from the type ssh
	Parts    []Part
	Warnings []string // what is allowed but looks wrong, one line each
}

// Types with a meaning of their own, as the original command had them.
const (
	typeKeys    = "ssh"  // public keys to let in
	typeLiteral = "none" // the file as it is, alone
)

// knownTypes are the types that cloud-init handles.
var knownTypes = []string{
	"cloud-boothook", "cloud-config", "cloud-config-archive", "cloud-config-jsonp", "jinja2", "part-handler",
	"upstart-job", "x-include-once-url", "x-include-url", "x-shellscript",
	"x-shellscript-per-boot", "x-shellscript-per-instance", "x-shellscript-per-once",
}

// ReadUserData reads the files that the values name. A value is FILE, TYPE,FILE
// or several TYPE,FILE joined with #. A file may be a pipe, such as <(command) of
// a shell; the end of the context ends the wait. Errors are of kind
// report.BadInput.
func ReadUserData(ctx context.Context, values []string) (UserData, error) {
	d, err := files.Await(ctx, func() (UserData, error) { return readUserData(values) })
	if err != nil {
		return UserData{}, report.BadInputf("reading the user data: %w", err)
	}
	return d, nil
}

func readUserData(values []string) (UserData, error) {
	var d UserData
	literal, left := 0, int64(MaxUserData)
	for _, value := range values {
		for _, n := range parseValue(value) {
			content, err := readFile(n.file, left)
			if err != nil {
				return UserData{}, err
			}
			left -= int64(len(content))
			part := Part{Name: filepath.Base(n.file), Type: n.kind, Content: content}
			switch n.kind {
			case typeKeys:
				err = d.addKeys(content)
			case typeLiteral:
				literal++
				part.Type = ""
				d.Parts = append(d.Parts, part)
			default:
				err = d.addPart(part)
			}
			if err != nil {
				return UserData{}, fmt.Errorf("%q: %w", n.file, err)
			}
		}
	}
	if literal > 0 && len(d.Parts) > 1 {
		return UserData{}, fmt.Errorf("the type %q takes one file as it is, not %d files", typeLiteral, len(d.Parts))
	}
	return d, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := files.ReadAll(f, limit)
	if errors.Is(err, files.ErrTooLarge) {
		err = fmt.Errorf("%q: at most %d bytes in all files together", path, MaxUserData)
	}
	return content, err
}

// addKeys adds public keys, one a line. Lines with a comment are skipped.
func (d *UserData) addKeys(content []byte) error {
	before := len(d.Keys)
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "Comment:") {
			continue
		}
		if err := checkKey(line); err != nil {
			return err
		}
		d.Keys = append(d.Keys, line)
	}
	if len(d.Keys) == before {
		return errors.New("no public key in it")
	}
	return nil
}

func (d *UserData) addPart(p Part) error {
	kind := p.kind()
	switch {
	case p.Type == "":
	case !slices.Contains(knownTypes, p.Type):
		d.Warnings = append(d.Warnings, fmt.Sprintf("user data %q: cloud-init does not know the type %q", p.Name, p.Type))
	case kind != p.Type:
		d.Warnings = append(d.Warnings, fmt.Sprintf("user data %q: it begins as the type %q does, not %q", p.Name, kind, p.Type))
	}
	d.Parts = append(d.Parts, p)
	_, err := p.entity(1)
	return err
}

// kind returns the type that cloud-init will find: the first line of a script
// counts more than its declared type. It is empty where there is neither.
func (p *Part) kind() string {
	if p.Type != "" && p.Type != "x-shellscript" {
		return p.Type
	}
	if found := detect(p.Content); found != "" {
		return found
	}
	return p.Type
}

// detect returns the type by the beginning of the content, as cloud-init finds
// it, or nothing.
func detect(content []byte) string {
	text := strings.ToLower(string(bytes.TrimLeft(content[:min(len(content), 1<<10)], " \t\r\n\v\f")))
	for _, t := range []struct{ prefix, kind string }{ // longest first
		{"#cloud-config-archive", "cloud-config-archive"}, {"#cloud-config-jsonp", "cloud-config-jsonp"},
		{"## template: jinja", "jinja2"}, {"#cloud-boothook", "cloud-boothook"}, {"#include-once", "x-include-once-url"},
		{"#cloud-config", "cloud-config"}, {"#part-handler", "part-handler"}, {"#upstart-job", "upstart-job"},
		{"#include", "x-include-url"}, {"#!", "x-shellscript"},
	} {
		if strings.HasPrefix(text, t.prefix) {
			return t.kind
		}
	}
	return ""
}

// mimeMessage parses content that is a MIME document by itself.
func mimeMessage(content []byte) (*mail.Message, bool) {
	m, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil || m.Header.Get("Content-Type") == "" {
		return nil, false
	}
	return m, true
}

// typedFile is one file of a value; kind is empty where the value has none.
type typedFile struct{ kind, file string }

// parseValue splits one value. It is FILE where no type stands before the first
// comma; # joins pairs only where a pair stands on both sides.
func parseValue(value string) []typedFile {
	whole, ok := parsePair(value)
	if !ok {
		return []typedFile{{file: value}}
	}
	pieces := strings.Split(whole.file, "#")
	all := []typedFile{{whole.kind, pieces[0]}}
	for _, piece := range pieces[1:] {
		last := &all[len(all)-1]
		if n, ok := parsePair(piece); ok && last.file != "" {
			all = append(all, n)
		} else { // the # is in a file's name
			last.file += "#" + piece
		}
	}
	return all
}

// aliases are other names of types.
var aliases = map[string]string{"include-url": "x-include-url", "include-once-url": "x-include-once-url", "shellscript": "x-shellscript"}

func parsePair(text string) (typedFile, bool) {
	kind, file, ok := strings.Cut(text, ",")
	kind = strings.TrimPrefix(kind, "text/")
	if !ok || file == "" || kind == "" || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" || strings.HasPrefix(kind, ".") {
		return typedFile{}, false
	}
	if full, ok := aliases[kind]; ok {
		kind = full
	}
	return typedFile{kind, file}, true
}
