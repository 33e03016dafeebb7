package notify

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Server is an SMTP server.
type Server struct {
	Host string // in lower case, without brackets
	Port int
	TLS  bool // from the first byte; otherwise after STARTTLS
}

var errServer = errors.New("not a valid server; want smtp://HOST[:PORT] or smtps://HOST[:PORT]")

// ParseServer reads a URL: smtp://HOST[:PORT] for STARTTLS, with the default port
// 587, or smtps://HOST[:PORT] for TLS from the start, with 465. It refuses a URL
// with a password; no error quotes the URL.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return Server{}, errServer
	}
	if u.User != nil {
		return Server{}, errors.New("a URL with a user name or a password is not supported")
	}
	s := Server{Host: strings.ToLower(u.Hostname()), Port: 587}
	switch u.Scheme {
	case "smtp":
	case "smtps":
		s.Port, s.TLS = 465, true
	default:
		return Server{}, errServer
	}
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return Server{}, errServer
		}
		s.Port = int(number)
	}
	if !isHost(s.Host) || strings.HasSuffix(u.Host, ":") {
		return Server{}, errServer
	}
	return s, nil
}

// isHost reports whether host is a name or an address.
func isHost(host string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyz0123456789-_."
	address, err := netip.ParseAddr(host)
	return err == nil && address.Zone() == "" || host != "" && strings.Trim(host, plain) == ""
}

// String returns the server's URL, with its port.
func (s Server) String() string {
	scheme := "smtp"
	if s.TLS {
		scheme = "smtps"
	}
	return (&url.URL{Scheme: scheme, Host: s.address()}).String()
}

func (s Server) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// plain reports whether mail goes to the server without TLS: "localhost" is this
// host or the near end of a tunnel, for which nobody signs certificates.
func (s Server) plain() bool { return s.Host == "localhost" && !s.TLS }

// ParseAddress reads one address, with or without a name: jane@example.org or
// Jane Tester <jane@example.org>. It refuses what could be more than one address
// or line to any mail program, and addresses that are not in ASCII, which not
// every server accepts.
func ParseAddress(text string) (*mail.Address, error) {
	address, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("not a valid mail address: %w", err)
	}
	if strings.ContainsFunc(address.Name, unicode.IsControl) {
		return nil, errors.New("not a valid mail address: its name contains control characters")
	}
	if strings.ContainsFunc(address.Address, unusual) || strings.HasPrefix(address.Address, "-") {
		return nil, errors.New("not a valid mail address; want user@host in ASCII")
	}
	return address, nil
}

// unusual reports whether a character needs quotes in an address, or is not ASCII.
func unusual(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("\"(),:;<>[\\]", r)
}
