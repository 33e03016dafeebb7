// Package mailer makes a mail and hands it over: to an SMTP server, or to the
// sendmail program of this host. It must not know what the mail is about.
package mailer

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Content is what a mail says.
type Content struct {
	From, To   *mail.Address // as ParseAddress reads them
	Subject    string        // one line
	Text       string        // in lines that end with "\n"
	Date       time.Time
	Attachment *Attachment // nil for none
}

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name string // without a directory
	Type string // such as "application/xml"
	Data []byte
}

// Message is a mail that is ready to be sent. It is sent once, by one sender.
type Message struct {
	msg  *gomail.Msg
	data []byte
}

// Bytes are the whole message, as RFC 5322 has it, with CRLF at the end of each
// line.
func (m *Message) Bytes() []byte { return m.data }

// Compose makes the message. Programs that answer mails are told not to.
func Compose(c Content) (*Message, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(c.From)
	msg.ToMailAddress(c.To)
	// Readers would decode what only looks like an encoded word.
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
