package smtpdtest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"
)

// Parsed is what a reader finds in a message.
type Parsed struct {
	Headers                    []string // their names, sorted
	From, To, Subject, Auto    string
	Date                       time.Time
	Text, TextType             string
	Name, Type, Encoding, Data string // of the attachment
}

// Parse reads a message of text, with or without an attachment, with nothing of
// the library that wrote it.
func Parse(t testing.TB, message []byte) Parsed {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, message)
	}
	var p Parsed
	for name := range m.Header {
		p.Headers = append(p.Headers, name)
	}
	slices.Sort(p.Headers)
	p.From, p.To = m.Header.Get("From"), m.Header.Get("To")
	p.Auto = m.Header.Get("Auto-Submitted")
	if p.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	if p.Date, err = m.Header.Date(); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "multipart/mixed" {
		p.TextType = m.Header.Get("Content-Type")
		p.Text = decodeText(t, m.Body)
		return p
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	text, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	p.TextType = text.Header.Get("Content-Type")
	p.Text = decodeText(t, text)
	file, err := parts.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	p.Name = file.FileName()
	p.Type, _, _ = mime.ParseMediaType(file.Header.Get("Content-Type"))
	p.Encoding = file.Header.Get("Content-Transfer-Encoding")
	data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, file))
	if err != nil {
		t.Fatal(err)
	}
	p.Data = string(data)
	if _, err := parts.NextRawPart(); !errors.Is(err, io.EOF) {
		t.Fatalf("after the attachment: %v", err)
	}
	return p
}

func decodeText(t testing.TB, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(quotedprintable.NewReader(r))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
