package contextualize

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/stratuslab/stratus/lib/files"
)

// joinParts returns the document that cloud-init takes: one part without a type as
// it is, else a multipart document in which every part arrives byte for byte. It
// is nil without parts. The same parts always give the same document.
func joinParts(parts []Part) ([]byte, error) {
	switch {
	case len(parts) == 0:
		return nil, nil
	case len(parts) == 1 && parts[0].Type == "" && !parts[0].mistakable():
		return parts[0].Content, nil
	}
	entities, hash := make([]string, len(parts)), sha256.New()
	for i := range parts {
		e, err := parts[i].entity(i + 1)
		if err != nil {
			return nil, fmt.Errorf("making the user data: %q: %w", parts[i].Name, err)
		}
		entities[i] = e
		fmt.Fprintf(hash, "%d %s", len(e), e)
	}
	// No part can hold the digest of all parts.
	boundary := fmt.Sprintf("stratus-%x", hash.Sum(nil)[:16])
	var b bytes.Buffer
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"%s\"\nMIME-Version: 1.0\n", boundary)
	for _, e := range entities {
		fmt.Fprintf(&b, "\n--%s\n%s", boundary, e)
	}
	fmt.Fprintf(&b, "\n--%s--\n", boundary)
	return b.Bytes(), nil
}

// mistakable reports whether cloud-init, which looks for MIME-Version anywhere in
// the beginning, would take a part for a MIME document that is none.
func (p *Part) mistakable() bool {
	head := bytes.ToLower(p.Content[:min(len(p.Content), 4096)])
	_, isMessage := mimeMessage(p.Content)
	return bytes.Contains(head, []byte("mime-version:")) && !isMessage
}

// entity returns the part with its header, as the number-th of a document.
func (p *Part) entity(number int) (string, error) {
	content, kind := p.Content, p.kind()
	if p.Type == "" {
		unpacked, err := gunzip(content)
		if err != nil {
			return "", err
		}
		content, kind = unpacked, detect(unpacked)
		if m, ok := mimeMessage(content); ok {
			return p.nested(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
		}
	}
	if strings.HasPrefix(kind, "x-shellscript") && !utf8.Valid(content) {
		content = []byte("#!/bin/sh\n" + runScript(Part{Name: p.Name, Content: content}))
	}
	if !utf8.Valid(content) {
		return "", errors.New("not valid UTF-8, which cloud-init requires: put binary data into a script, as base64")
	}
	if kind == "" {
		kind = "plain"
	}
	// Scripts run in the order of their names; two must not have the same.
	header := fmt.Sprintf("Content-Type: text/%s; charset=utf-8\nContent-Disposition: attachment; filename=\"%03d-%s\"\n", kind, number, safeName(p.Name))
	if plainASCII(content) {
		return header + "Content-Transfer-Encoding: 7bit\n\n" + string(content), nil
	}
	return header + "Content-Transfer-Encoding: base64\n\n" + wrapped(content), nil
}

// nested returns a MIME document as a part of another.
func (p *Part) nested(contentType, encoding string, body io.Reader) (string, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(content) || strings.ContainsFunc(contentType+encoding, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", errors.New("not a valid MIME document: want text in UTF-8 with a header in ASCII")
	}
	header := "Content-Type: " + contentType + "\n"
	if encoding != "" {
		header += "Content-Transfer-Encoding: " + encoding + "\n"
	}
	return header + "\n" + string(content), nil
}

// safeName replaces what is not harmless in a header and as a file name.
func safeName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", r) {
			return r
		}
		return '_'
	}, name[:min(len(name), 100)])
}

// plainASCII reports whether every reader of mail keeps the text as it is.
func plainASCII(content []byte) bool {
	for line := range bytes.Lines(content) {
		if len(line) > 900 {
			return false
		}
		for _, c := range line {
			if c != '\t' && c != '\n' && (c < ' ' || c > '~') {
				return false
			}
		}
	}
	return true
}

// wrapped returns the content as base64 in lines.
func wrapped(content []byte) string {
	const width = 76
	var b strings.Builder
	for text := base64.StdEncoding.EncodeToString(content); text != ""; {
		n := min(width, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	return b.String()
}

// compress compresses with gzip at its best level, without a date.
func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// gunzip decompresses what is compressed with gzip, as cloud-init does.
func gunzip(content []byte) ([]byte, error) {
	if !bytes.HasPrefix(content, []byte("\x1f\x8b")) {
		return content, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	unpacked, err := files.ReadAll(z, MaxUserData)
	if errors.Is(err, files.ErrTooLarge) {
		err = fmt.Errorf("decompressed, at most %d bytes", MaxUserData)
	}
	return unpacked, err
}

// formatJSON returns a value as JSON that is valid YAML as well: YAML allows fewer
// characters to stand for themselves.
func formatJSON(value any) ([]byte, error) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if r >= 0x7f && r < 0xa0 || r == '\ufeff' || r == '\ufffe' || r == '\uffff' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// splitScripts returns the parts that a guest without cloud-init can run, and the
// names of the others.
func splitScripts(parts []Part) (scripts []Part, others []string) {
	for _, p := range parts {
		if content, err := gunzip(p.Content); err == nil && p.Type == "" {
			p.Content = content
		}
		if strings.HasPrefix(p.kind(), "x-shellscript") {
			scripts = append(scripts, p)
		} else {
			others = append(others, p.Name)
		}
	}
	return scripts, others
}

// runScript returns a POSIX shell command that runs a script of any bytes and ends
// with its exit status. /run and /tmp may be mounted noexec.
func runScript(script Part) string {
	return `(
    umask 077
    dir=$(mktemp -d /var/tmp/stratus.XXXXXX) || exit
    trap 'rm -rf "$dir"' EXIT
    base64 -d >"$dir/` + safeName(script.Name) + `" <<'STRATUS' || exit
` + wrapped(script.Content) + `STRATUS
    chmod 700 "$dir/` + safeName(script.Name) + `" && "$dir/` + safeName(script.Name) + `" </dev/null
)
`
}
