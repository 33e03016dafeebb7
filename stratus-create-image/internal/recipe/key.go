package recipe

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
)

// maxKey bounds a file of signing keys, in bytes.
const maxKey = 1 << 20

// key is the public key, or several, that a repository is signed with.
type key struct {
	name         string   // of the file
	data         []byte   // OpenPGP packets, or PEM for apk
	fingerprints []string // of OpenPGP's primary keys, in upper-case hex
}

// HTTP sends requests; its errors name no passwords.
type HTTP interface {
	Do(*http.Request) (*http.Response, error)
}

// readKey reads a signing key from a local file or, over https, from elsewhere:
// a key that anybody on the way could have exchanged proves nothing.
func (i Installer) readKey(ctx context.Context, client HTTP, from string) (*key, error) {
	data, name, err := loadKey(ctx, client, from)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	parse := parseOpenPGP
	if i == Apk {
		parse = parsePEM
	}
	k, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key %q: %w", from, err)
	}
	// apk finds a key by the name of its file.
	if k.name = name; i == Apk && !apkKeyName.MatchString(name) {
		return nil, fmt.Errorf("reading the signing key %q: apk wants the name that it was made with, NAME.rsa.pub", from)
	}
	return k, nil
}

var apkKeyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9@._+-]*\.rsa\.pub$`)

func loadKey(ctx context.Context, client HTTP, from string) (data []byte, name string, err error) {
	if !strings.Contains(from, "://") {
		f, err := os.Open(from)
		if err != nil {
			return nil, "", err
		}
		defer f.Close()
		data, err = readBounded(f)
		return data, path.Base(from), err
	}
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return nil, "", errors.New("a local file or an https URL without a password is expected")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%q answers %s, want 200", from, response.Status)
	}
	data, err = readBounded(response.Body)
	return data, path.Base(u.Path), err
}

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxKey+1))
	if err == nil && len(data) > maxKey {
		err = fmt.Errorf("it is larger than %d bytes", maxKey)
	}
	return data, err
}

func parsePEM(data []byte) (*key, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("it is no public key in PEM form")
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return nil, err
	}
	return &key{data: pem.EncodeToMemory(block)}, nil
}
