package recipe

import (
	"bufio"
	"bytes"
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
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/stratuslab/stratus/lib/files"
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
	if err := r.loadKey(ctx, client); err != nil {
		return nil, err
	}
	data, name := r.keyBytes, path.Base(r.keyFrom)
	if u, err := url.Parse(r.keyFrom); err == nil && isURL(r.keyFrom) {
		name = path.Base(u.Path)
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

// LoadKeys loads the signing keys of the repositories that are not here: what they
// contain is an input of the recipe.
func (r *Recipe) LoadKeys(ctx context.Context) error {
	for i := range r.Repos {
		if err := r.Repos[i].loadKey(ctx, r.HTTP); err != nil {
			return err
		}
	}
	return nil
}

// loadKey loads the signing key over https, once.
func (r *Repo) loadKey(ctx context.Context, client HTTP) (err error) {
	if isURL(r.keyFrom) && r.keyBytes == nil {
		if r.keyBytes, err = fetchKey(ctx, client, r.keyFrom); err != nil {
			return fmt.Errorf("reading the signing key: %w", err)
		}
	}
	return nil
}

func fetchKey(ctx context.Context, client HTTP, from string) ([]byte, error) {
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return nil, errors.New("not a valid place; want a local file or an https URL without a password")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%q answers %s, want 200", from, response.Status)
	}
	return files.ReadAll(response.Body, maxKey)
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

// Types of packets (RFC 9580, 5).
const (
	tagSecretKey    = 5
	tagPublicKey    = 6
	tagSecretSubkey = 7
)

var errPrivate = errors.New("this is a private key, which only its owner may have")

// parseOpenPGP reads public keys of version 4, armored or not.
func parseOpenPGP(data []byte) (*key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN PGP ")) {
		var err error
		if data, err = unarmor(data); err != nil {
			return nil, err
		}
	}
	k := &key{data: data}
	packets := packet.NewOpaqueReader(bytes.NewReader(data))
	for {
		p, err := packets.Next()
		switch {
		case errors.Is(err, io.EOF):
			if len(k.fingerprints) == 0 {
				return nil, errors.New("it contains no OpenPGP packets")
			}
			return k, nil
		case err != nil:
			return nil, fmt.Errorf("reading its OpenPGP packets: %w", err)
		case p.Tag == tagSecretKey || p.Tag == tagSecretSubkey:
			return nil, errPrivate
		case p.Tag == tagPublicKey:
			fingerprint, err := fingerprint(p)
			if err != nil {
				return nil, err
			}
			k.fingerprints = append(k.fingerprints, fingerprint)
		case len(k.fingerprints) == 0:
			return nil, fmt.Errorf("it begins with an OpenPGP packet of type %d, want %d, a public key", p.Tag, tagPublicKey)
		}
	}
}

func fingerprint(p *packet.OpaquePacket) (string, error) {
	parsed, err := p.Parse()
	if err != nil {
		return "", fmt.Errorf("reading its public key: %w", err)
	}
	k, ok := parsed.(*packet.PublicKey)
	if !ok || k.Version != 4 {
		return "", errors.New("not a valid OpenPGP key of version 4")
	}
	return fmt.Sprintf("%X", k.Fingerprint), nil
}

// unarmor decodes all blocks of public keys in a text.
func unarmor(text []byte) ([]byte, error) {
	if ends := bytes.Count(text, []byte("-----END PGP ")); ends == 0 || ends != bytes.Count(text, []byte("-----BEGIN PGP ")) {
		return nil, errors.New("its armor has no end")
	}
	var all []byte
	for r := bufio.NewReader(bytes.NewReader(text)); ; { // Decode reads on from a bufio.Reader
		block, err := armor.Decode(r)
		switch {
		case errors.Is(err, io.EOF) && all != nil:
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("reading its armor: %w", err)
		case block.Type == openpgp.PrivateKeyType:
			return nil, errPrivate
		case block.Type != openpgp.PublicKeyType:
			return nil, fmt.Errorf("it contains a %s, want a %s", block.Type, openpgp.PublicKeyType)
		}
		data, err := io.ReadAll(block.Body)
		if err != nil {
			return nil, fmt.Errorf("reading its armor: %w", err)
		}
		all = append(all, data...)
	}
}

// armored returns the key in ASCII armor, with the checksum that rpm requires.
func (k *key) armored() string {
	var b strings.Builder
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err == nil {
		_, err = w.Write(k.data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("writing to memory failed: " + err.Error())
	}
	return b.String() + "\n"
}
