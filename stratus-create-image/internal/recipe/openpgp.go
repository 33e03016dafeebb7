package recipe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

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
