package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/command/commandtest"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
)

// uploaded runs the command in a process of its own.
func uploaded(t *testing.T, env []string, stdin []byte, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := commandtest.Process(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// TestHTTP: what the user gets of each answer of a Marketplace.
func TestHTTP(t *testing.T) {
	e := entrytest.NewEndorser(t, "jane@example.org").Entry(t, entrytest.Description{Content: "image"})
	const own = "OWN" // the URL of the entry
	tests := map[string]struct {
		status         int
		kind, body     string
		code           int
		stdout, stderr string
	}{
		"created": {
			status: 201, kind: "text/plain", body: "metadata entry created", stdout: own, stderr: "<stdin>: registered",
		},
		"to be confirmed": {
			status: 202, kind: "text/plain", body: "confirmation email sent",
			stderr: "a mail was sent to jane@example.org: the entry will be published " +
				"when the link in it is opened",
		},
		"bad": {
			status: 400, kind: "application/xml", body: "<error>invalid metadata: no signature</error>", code: 5,
			stderr: "400 Bad Request: invalid metadata: no signature\n" +
				"stratus-upload-metadata: hint: a Marketplace of the original software takes only what " +
				"stratus-sign-metadata --profile stratuslab signs",
		},
		"malformed": {
			status: 400, kind: "application/xml", body: "<error>invalid metadata: <x> & \x1b[31m</error>", code: 5,
			stderr: "400 Bad Request: invalid metadata: <x> & \ufffd[31m",
		},
		"read-only": {
			status: 403, kind: "application/xml", body: "<error>read-only repository</error>", code: 5,
			stderr: "403 Forbidden: read-only repository",
		},
		"too large": {
			status: 413, kind: "text/html", body: "<h1>Too large</h1>", code: 5,
			stderr: "413 Request Entity Too Large: Too large",
		},
		"another type": {
			status: 415, kind: "text/plain", body: "no", code: 5, stderr: "415 Unsupported Media Type: no",
		},
		"a login page": {
			status: 200, kind: "text/html", body: "<title>Log in</title>", code: 5,
			stderr: "with a page for people, as no Marketplace would: Log in",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer server.Close()
			want := strings.ReplaceAll(test.stdout, own, server.URL+"/"+e.URLPath()+"\n")
			code, stdout, stderr := uploaded(t, nil, e.Source, "--marketplace-endpoint", server.URL)
			if code != test.code || stdout != want || !strings.Contains(stderr, test.stderr) {
				t.Errorf("got %d, %q, %q\nwant %d, %q, %q", code, stdout, stderr, test.code, want, test.stderr)
			}
		})
	}
}

// TestTLS: a server whose authority nobody knows, and one whose authority is
// named; a proxy.
func TestTLS(t *testing.T) {
	e := entrytest.NewEndorser(t, "jane@example.org").Entry(t, entrytest.Description{Content: "image"})
	created := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	server := httptest.NewTLSServer(created)
	defer server.Close()
	server.Config.ErrorLog = nil
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := uploaded(t, nil, e.Source, "--marketplace-endpoint", server.URL)
	if code != 4 || !strings.Contains(stderr, "certificate") {
		t.Errorf("an unknown authority: exit %d, %s", code, stderr)
	}
	code, stdout, stderr := uploaded(t, nil, e.Source, "--marketplace-endpoint", server.URL+"/deep/", "--ca-file", ca)
	if want := server.URL + "/deep/" + e.URLPath() + "\n"; code != 0 || stdout != want {
		t.Errorf("exit %d, %q, want %q\n%s", code, stdout, want, stderr)
	}

	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.WriteHeader(http.StatusCreated)
	}))
	defer proxy.Close()
	const market = "http://market.example.org/"
	code, stdout, stderr = uploaded(t, []string{"http_proxy=" + proxy.URL, "no_proxy="}, e.Source, "--marketplace-endpoint", market)
	if code != 0 || asked != market+entry.Root || stdout != market+e.URLPath()+"\n" {
		t.Errorf("through a proxy: exit %d, asked for %q, printed %q\n%s", code, asked, stdout, stderr)
	}
}
