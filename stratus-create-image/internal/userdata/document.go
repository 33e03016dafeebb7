package userdata

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Document is what cloud-init takes: one file without a type as it is, else a
// multipart document in which every part arrives byte for byte. With nothing
// in it, it is nil. The same parts always give the same document.
func Document(parts []Part) ([]byte, error) {
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
	// No part can hold the digest of them all.
	boundary := fmt.Sprintf("stratus-%x", hash.Sum(nil)[:16])
	var b bytes.Buffer
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"%s\"\nMIME-Version: 1.0\n", boundary)
	for _, e := range entities {
		fmt.Fprintf(&b, "\n--%s\n%s", boundary, e)
	}
	fmt.Fprintf(&b, "\n--%s--\n", boundary)
	return b.Bytes(), nil
}

// mistakable tells whether cloud-init, which looks for MIME-Version anywhere
// in the beginning, would take something else for a MIME document.
func (p *Part) mistakable() bool {
	head := bytes.ToLower(p.Content[:min(len(p.Content), 4096)])
	_, isMessage := message(p.Content)
	return bytes.Contains(head, []byte("mime-version:")) && !isMessage
}

// entity is the part with its header, as the number-th of a document.
func (p *Part) entity(number int) (string, error) {
	content, kind := p.Content, p.kind()
	if p.Type == "" {
		unpacked, err := gunzip(content)
		if err != nil {
			return "", err
		}
		content, kind = unpacked, detect(unpacked)
		if m, ok := message(content); ok {
			return p.nested(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
		}
	}
	if strings.HasPrefix(kind, "x-shellscript") && !utf8.Valid(content) {
		content = []byte("#!/bin/sh\n" + Run(Part{Name: p.Name, Content: content}))
	}
	if !utf8.Valid(content) {
		return "", fmt.Errorf("cloud-init takes text in UTF-8 only; gzip or base64 inside a script carries anything")
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

// nested is a MIME document as a part of another.
func (p *Part) nested(contentType, encoding string, body io.Reader) (string, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(content) || strings.ContainsFunc(contentType+encoding, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("a MIME document must be text in UTF-8, with an ASCII header")
	}
	header := "Content-Type: " + contentType + "\n"
	if encoding != "" {
		header += "Content-Transfer-Encoding: " + encoding + "\n"
	}
	return header + "\n" + string(content), nil
}

// safeName keeps what is harmless in a header and as a file name.
func safeName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", r) {
			return r
		}
		return '_'
	}, name[:min(len(name), 100)])
}

// plainASCII tells whether text survives every reader of mail as it is.
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

// wrapped is base64 in lines.
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

// Gzip compresses as well as it can, without a date.
func Gzip(content []byte) ([]byte, error) {
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

// gunzip unpacks what is gzipped, which cloud-init does as well.
func gunzip(content []byte) ([]byte, error) {
	if !bytes.HasPrefix(content, []byte("\x1f\x8b")) {
		return content, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	unpacked, err := io.ReadAll(io.LimitReader(z, MaxSize+1))
	if err == nil && len(unpacked) > MaxSize {
		err = fmt.Errorf("unpacked it is larger than %d bytes", MaxSize)
	}
	return unpacked, err
}

// JSON writes a value as JSON that is YAML, too, which allows fewer characters
// to stand for themselves.
func JSON(value any) ([]byte, error) {
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
