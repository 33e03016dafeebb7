// Package userdata reads what a user wants a new machine to do, --user-data,
// and puts it into the one document that cloud-init takes. It must not know how
// the document reaches the machine.
package userdata

import (
	"bytes"
	"fmt"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// MaxSize bounds all files of one command line together, in bytes.
const MaxSize = 1 << 20

// Part is one file for the machine.
type Part struct {
	Name    string // the file's base name
	Type    string // what follows text/ in its media type, or empty: by its first line
	Content []byte
}

// Data is everything that --user-data names.
type Data struct {
	Keys  []string // lines of authorized_keys, from the type ssh
	Parts []Part
	// Warnings says what is allowed, but looks wrong.
	Warnings []string
}

// Types with a meaning of their own, as the original command had them.
const (
	typeKeys    = "ssh"  // public keys to let in
	typeLiteral = "none" // the file as it is, alone
)

// known are the types that cloud-init handles.
var known = []string{
	"cloud-boothook", "cloud-config", "cloud-config-archive", "cloud-config-jsonp", "jinja2", "part-handler",
	"upstart-job", "x-include-once-url", "x-include-url", "x-shellscript",
	"x-shellscript-per-boot", "x-shellscript-per-instance", "x-shellscript-per-once",
}

// Read reads the files that the values name. A value is FILE, TYPE,FILE or
// several of the latter joined with #. A file may be a pipe, as what a shell makes
// of <(command), and is waited for, perhaps for ever.
func Read(values []string) (*Data, error) {
	d := new(Data)
	literal, left := 0, int64(MaxSize)
	for _, value := range values {
		for _, n := range parseValue(value) {
			content, err := readFile(n.file, left)
			if err != nil {
				return nil, fmt.Errorf("reading the user data: %w", err)
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
				return nil, fmt.Errorf("reading the user data %q: %w", n.file, err)
			}
		}
	}
	if literal > 0 && len(d.Parts) > 1 {
		return nil, fmt.Errorf("reading the user data: the type %q takes one file as it is, and there are %d", typeLiteral, len(d.Parts))
	}
	return d, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("with %q it is larger than %d bytes", path, MaxSize)
	}
	return content, nil
}

// addKeys takes public keys, one a line. Files of other programs have lines
// with a comment, and ours may.
func (d *Data) addKeys(content []byte) error {
	before := len(d.Keys)
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "Comment:") {
			continue
		}
		if err := CheckKey(line); err != nil {
			return err
		}
		d.Keys = append(d.Keys, line)
	}
	if len(d.Keys) == before {
		return fmt.Errorf("there is no public key in it")
	}
	return nil
}

// CheckKey checks one line of authorized_keys.
func CheckKey(line string) error {
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err != nil {
		return fmt.Errorf("reading the public key %.40q: %w", line, err)
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == '\ufffd' }) {
		return fmt.Errorf("reading the public key %.40q: it holds control characters or is not UTF-8", line)
	}
	return nil
}

func (d *Data) addPart(p Part) error {
	kind := p.kind()
	switch {
	case p.Type == "":
	case !slices.Contains(known, p.Type):
		d.Warnings = append(d.Warnings, fmt.Sprintf("cloud-init has no user data of the type %q (%s)", p.Type, p.Name))
	case kind != p.Type:
		d.Warnings = append(d.Warnings, fmt.Sprintf("%s begins as user data of the type %q does, not %q", p.Name, kind, p.Type))
	}
	d.Parts = append(d.Parts, p)
	_, err := p.entity(1)
	return err
}

// kind is the type that cloud-init will find: a script's first line counts
// more than what is said about it. It is empty where neither says anything.
func (p *Part) kind() string {
	if p.Type != "" && p.Type != "x-shellscript" {
		return p.Type
	}
	if found := detect(p.Content); found != "" {
		return found
	}
	return p.Type
}

// detect finds the type by the beginning, as cloud-init does.
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

// message reads content that is a MIME document of its own.
func message(content []byte) (*mail.Message, bool) {
	m, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil || m.Header.Get("Content-Type") == "" {
		return nil, false
	}
	return m, true
}
