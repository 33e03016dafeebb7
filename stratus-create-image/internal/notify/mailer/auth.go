package mailer

import (
	"fmt"
	"slices"

	"github.com/wneessen/go-mail/smtp"
)

// login shows a name and a password in one of the two ways that servers have
// for it behind TLS. The others would let a server choose how much to compute.
type login struct {
	smtp.Auth // once chosen

	username, password, host string
}

// Start chooses the way.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	switch {
	case slices.Contains(server.Auth, "PLAIN"):
		l.Auth = smtp.PlainAuth("", l.username, l.password, l.host, false)
	case slices.Contains(server.Auth, "LOGIN"):
		l.Auth = smtp.LoginAuth(l.username, l.password, l.host, false)
	default:
		return "", nil, fmt.Errorf("the server does not take passwords: it offers %q, PLAIN or LOGIN is needed", server.Auth)
	}
	return l.Auth.Start(server)
}
