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
	"path"
	"regexp"
)

// maxKey bounds a signing key that a server sends, in bytes.
const maxKey = 1 << 20

// key is the public key, or several, that a repository is signed with.
type key struct {
	name         string   // of the file
	data         []byte   // OpenPGP packets, or PEM for apk
	fingerprints []string // of OpenPGP's primary keys, in upper-case hex
}

// HTTP sends requests. Its errors contain no passwords.
type HTTP interface {
	Do(*http.Request) (*http.Response, error)
}

// readKey returns the signing key of a repository, or nil where it names none.
// A key that is not here is loaded over https.
func (i Installer) readKey(ctx context.Context, client HTTP, r Repo) (*key, error) {
	if r.keyFrom == "" {
		return nil, nil //nolint:nilnil // see above
	}
	data, name := r.keyBytes, path.Base(r.keyFrom)
	if isURL(r.keyFrom) {
		var err error
		if data, name, err = loadKey(ctx, client, r.keyFrom); err != nil {
			return nil, fmt.Errorf("reading the signing key: %w", err)
		}
	}
	parse := parseOpenPGP
	if i == Apk {
		parse = parsePEM
	}
	k, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key %q: %w", r.keyFrom, err)
	}
	// apk finds a key by the name of its file.
	if k.name = name; i == Apk && !apkKeyName.MatchString(name) {
		return nil, fmt.Errorf("reading the signing key %q: not a valid name for apk; want the one that the key was made with, NAME.rsa.pub", r.keyFrom)
	}
	return k, nil
}

var apkKeyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9@._+-]*\.rsa\.pub$`)

func loadKey(ctx context.Context, client HTTP, from string) (data []byte, name string, err error) {
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return nil, "", errors.New("not a valid place; want a local file or an https URL without a password")
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
	data, err = io.ReadAll(io.LimitReader(response.Body, maxKey+1))
	if err == nil && len(data) > maxKey {
		err = fmt.Errorf("%q has more than %d bytes", from, maxKey)
	}
	return data, path.Base(u.Path), err
}

func parsePEM(data []byte) (*key, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("not a valid public key in PEM form")
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return nil, err
	}
	return &key{data: pem.EncodeToMemory(block)}, nil
}
