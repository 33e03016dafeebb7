package notify

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Content is the content of a mail.
type Content struct {
	From, To   *mail.Address // as ParseAddress reads them
	Subject    string        // one line
	Text       string        // in lines that end with "\n"
	Date       time.Time
	Attachment *Attachment // nil for none
}

// Attachment is a file in a mail.
type Attachment struct {
	Name string // without a directory
	Type string // such as "application/xml"
	Data []byte
}

// Message is a mail that is ready to be sent, once.
type Message struct {
	msg  *gomail.Msg
	data []byte
}

// Bytes returns the whole message in the form of RFC 5322, with CRLF at the end
// of each line.
func (m *Message) Bytes() []byte { return m.data }

// Compose returns the message, marked as one that programs do not answer.
func Compose(c Content) (*Message, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(c.From)
	msg.ToMailAddress(c.To)
	// Mail programs would decode what only looks like an encoded word.
	msg.Subject(strings.ReplaceAll(c.Subject, "=?", "= ?"))
	msg.SetDateWithValue(c.Date)
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, c.Text)
	if a := c.Attachment; a != nil {
		msg.AttachReadSeeker(a.Name, bytes.NewReader(a.Data), gomail.WithFileContentType(gomail.ContentType(a.Type)))
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("composing the mail: %w", err)
	}
	return &Message{msg: msg, data: b.Bytes()}, nil
}
