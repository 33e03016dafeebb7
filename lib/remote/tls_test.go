package remote_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
	"github.com/stratuslab/stratus/lib/remote"
)

// rootFile writes a certificate as PEM.
func rootFile(t *testing.T, der []byte) string {
	t.Helper()
	return credentialtest.Write(t, "roots.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// secure runs a server with a certificate of its own for the name.
func secure(t *testing.T, name string, until time.Time, version uint16) *httptest.Server {
	t.Helper()
	template := x509.Certificate{
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{name},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	own := credentialtest.SelfSigned(t, template, nil)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %s", r.Method, r.Host)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	pair := tls.Certificate{Certificate: [][]byte{own.Certificate.Raw}, PrivateKey: own.Key}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: version}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestTLS(t *testing.T) {
	const ip = "127.0.0.1"
	future, past := time.Now().Add(time.Hour), time.Now().Add(-24*time.Hour)
	for name, test := range map[string]struct {
		server *httptest.Server
		known  bool
		kind   error
	}{
		"verified":          {secure(t, ip, future, tls.VersionTLS13), true, nil},
		"unknown authority": {secure(t, ip, future, tls.VersionTLS13), false, remote.ErrCredentials},
		"expired":           {secure(t, ip, past, tls.VersionTLS13), true, remote.ErrCredentials},
		"other name":        {secure(t, "example.org", future, tls.VersionTLS13), true, remote.ErrCredentials},
		"old version":       {secure(t, ip, future, tls.VersionTLS11), true, remote.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			repeated := 0
			o := remote.Options{Retries: quick, Log: func(string, ...any) { repeated++ }}
			if test.known {
				o.CAFiles = []string{rootFile(t, test.server.TLS.Certificates[0].Certificate[0])}
			}
			resp, err := newClient(t, o).Do(newRequest(t, "GET", test.server.URL, ""))
			if err == nil {
				text(t, resp)
			}
			if !errors.Is(err, test.kind) {
				t.Errorf("got %v, want %v", err, test.kind)
			}
			if test.kind == remote.ErrCredentials && (repeated != 0 || !remote.NothingSent(err)) {
				t.Errorf("sent, or repeated %d times: %v", repeated, err)
			}
		})
	}
}

// TestProxyClient is the other process of TestProxy, as the environment is read
// once in each.
func TestProxyClient(t *testing.T) {
	url := os.Getenv("REMOTE_TEST_URL")
	if url == "" {
		t.Skip("it is run by TestProxy")
	}
	client := newClient(t, remote.Options{CAFiles: []string{os.Getenv("REMOTE_TEST_CA")}, Retries: quick})
	resp, err := client.Do(newRequest(t, "GET", url, ""))
	if err != nil {
		fmt.Printf("refused %t, unreachable %t: %v\n", errors.Is(err, remote.ErrRefused), errors.Is(err, remote.ErrUnreachable), err)
		return
	}
	fmt.Printf("answer %q\n", text(t, resp))
}

// connect is a proxy for one server, whatever its name is.
func connect(t *testing.T, server string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "forbidden.example:443":
			w.WriteHeader(http.StatusForbidden)
			return
		case r.Host == "broken.example:443":
			w.WriteHeader(http.StatusBadGateway)
			return
		case r.Method != http.MethodConnect:
			fmt.Fprintf(w, "proxy: %s %s", r.Method, r.RequestURI)
			return
		}
		to, err := net.Dial("tcp", server)
		if err != nil {
			t.Error(err)
			return
		}
		defer to.Close()
		from, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer from.Close()
		fmt.Fprint(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(to, buffered) // until one side ends
		}()
		_, _ = io.Copy(from, to)
	}
}

func TestProxy(t *testing.T) {
	server := secure(t, "market.example", time.Now().Add(time.Hour), tls.VersionTLS13)
	proxy := newServer(t, connect(t, server.Listener.Addr().String()))
	ca := rootFile(t, server.TLS.Certificates[0].Certificate[0])
	address := "http://me:secret@" + proxy.Listener.Addr().String()
	for name, test := range map[string]struct{ url, want string }{
		"https":     {"https://market.example/x", `answer "GET for market.example"`},
		"http":      {"http://market.example/x", `answer "proxy: GET http://market.example/x"`},
		"forbidden": {"https://forbidden.example/x", `refused true, unreachable false`},
		"broken":    {"https://broken.example/x", `refused false, unreachable true`},
	} {
		t.Run(name, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestProxyClient$")
			child.Env = append(os.Environ(), "HTTPS_PROXY="+address, "HTTP_PROXY="+address, "NO_PROXY=", "GORACE=atexit_sleep_ms=0",
				"REMOTE_TEST_URL="+test.url, "REMOTE_TEST_CA="+ca)
			out, err := child.CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.want) || strings.Contains(string(out), "secret") {
				t.Errorf("got %s, %v; want %q and no password", out, err, test.want)
			}
		})
	}
}
