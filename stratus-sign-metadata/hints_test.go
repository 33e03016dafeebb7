package main

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/credential"
	"github.com/stratuslab/stratus/lib/report"
)

// Each error about the credentials comes with what to type next.
func TestCredentialHints(t *testing.T) {
	const sources = "give --passphrase-file, --passphrase-fd, --passphrase-command or the variable STRATUSLAB_P12_PASSWORD"
	for cause, want := range map[error]string{
		credential.ErrNone: "name yours with --p12-cert, or make one: " + makeOne,
		fs.ErrNotExist: "name another file with --p12-cert, or with --pem-cert and --pem-key, " +
			"or make a certificate: " + makeOne,
		credential.ErrPEM:           "name it with --pem-cert, and the file that holds the key with --pem-key",
		credential.ErrNotPEM:        "name a PKCS#12 file with --p12-cert",
		credential.ErrNoKey:         "name the file that holds the key with --pem-key",
		credential.ErrNoCertificate: "name the file that holds the certificate with --pem-cert",
		credential.ErrUnusable:      "make a new certificate: " + makeOne,
		credential.ErrExpired:       "or make a new certificate: " + makeOne,
		credential.ErrNoTerminal:    sources,
		fmt.Errorf("%w: %w", credential.ErrNoTerminal, fs.ErrNotExist): sources, // in a container
		fmt.Errorf("%w: %w", command.ErrPassphrase, fs.ErrNotExist):    sources,
	} {
		err := hintCredential(report.Credentialsf("opening %q: %w", "me.p12", fmt.Errorf("again: %w", cause)))
		if diff := cmp.Diff([]string{want}, report.Hints(err)); diff != "" || report.KindOf(err) != report.Credentials {
			t.Errorf("%v (-want +got):\n%s", cause, diff)
		}
	}
}
