package server

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// counter counts what is answered.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// logAccess writes one line about a request that was answered, with the time of the
// answer.
func (s *Server) logAccess(r *http.Request, c *counter, took time.Duration) {
	s.log.Infof("%s %.300s %.300q %d %d %s %s", time.Now().UTC().Format(time.RFC3339), r.Method, r.RequestURI,
		c.status, c.bytes, took.Round(10*time.Microsecond), client(r))
}

// client returns the address of the client. A proxy on this host names its own client
// at the end of X-Forwarded-For; the header of any other client does not count.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return host
	}
	list := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	if ip := net.ParseIP(strings.TrimSpace(list[strings.LastIndex(list, ",")+1:])); ip != nil {
		return ip.String()
	}
	return host
}
