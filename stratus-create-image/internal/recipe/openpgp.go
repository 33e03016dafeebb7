package recipe

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// parseOpenPGP reads public keys, armored or not.
func parseOpenPGP(data []byte) (*key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN PGP ")) {
		var err error
		if data, err = unarmor(string(data)); err != nil {
			return nil, err
		}
	}
	k := &key{data: data}
	for first := true; len(data) > 0; first = false {
		tag, body, rest, err := nextPacket(data)
		if err != nil {
			return nil, err
		}
		const secretKey, publicKey, secretSubkey = 5, 6, 7
		switch {
		case tag == secretKey || tag == secretSubkey:
			return nil, errors.New("it is a private key, which nobody but its owner may have")
		case first && tag != publicKey:
			return nil, fmt.Errorf("it begins with an OpenPGP packet of type %d, want %d, a public key", tag, publicKey)
		case tag == publicKey && (len(body) == 0 || body[0] != 4):
			return nil, errors.New("it is no OpenPGP key of version 4")
		case tag == publicKey:
			k.fingerprints = append(k.fingerprints, fingerprint(body))
		}
		data = rest
	}
	if len(k.fingerprints) == 0 {
		return nil, errors.New("it is empty")
	}
	return k, nil
}

// fingerprint is that of a public key packet of version 4 (RFC 9580, 5.5.4.2).
func fingerprint(body []byte) string {
	h := sha1.New()
	h.Write([]byte{0x99, byte(len(body) >> 8), byte(len(body))})
	h.Write(body)
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

var errPacket = errors.New("it holds no OpenPGP packets")

// nextPacket cuts one packet off (RFC 9580, 4.2). Packets of unknown length do
// not occur in keys.
func nextPacket(data []byte) (tag int, body, rest []byte, err error) {
	head := data[0]
	data = data[1:]
	width := 0 // of the length, in bytes
	switch {
	case head&0xc0 == 0xc0 && len(data) > 0: // the present format
		tag = int(head & 0x3f)
		switch first := data[0]; {
		case first < 192:
			width = 1
		case first < 224 && len(data) > 1:
			n := (int(first)-192)<<8 + int(data[1]) + 192
			return cut(tag, data[2:], n)
		case first == 255:
			data, width = data[1:], 4
		}
	case head&0xc0 == 0x80 && head&3 != 3: // the former
		tag, width = int(head>>2&0xf), 1<<(head&3)
	}
	if width == 0 || len(data) < width {
		return 0, nil, nil, errPacket
	}
	length := make([]byte, 4)
	copy(length[4-width:], data)
	return cut(tag, data[width:], int(binary.BigEndian.Uint32(length)))
}

func cut(tag int, data []byte, n int) (int, []byte, []byte, error) {
	if n < 0 || n > len(data) {
		return 0, nil, nil, errPacket
	}
	return tag, data[:n], data[n:], nil
}

const (
	armorBegin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	armorEnd   = "-----END PGP PUBLIC KEY BLOCK-----"
)

// unarmor decodes all blocks of public keys in a text.
func unarmor(text string) ([]byte, error) {
	var all []byte
	for {
		_, after, found := strings.Cut(text, armorBegin)
		if !found && all == nil {
			return nil, errors.New("it holds no block of OpenPGP public keys")
		}
		if !found {
			return all, nil
		}
		block, rest, ended := strings.Cut(after, armorEnd)
		if !ended {
			return nil, errors.New("its block has no end")
		}
		data, err := decodeBlock(block)
		if err != nil {
			return nil, fmt.Errorf("reading its armor: %w", err)
		}
		all, text = append(all, data...), rest
	}
}

// decodeBlock decodes what stands between the lines of dashes: headers, an empty
// line, base64, and a checksum, which need not be looked at: nothing is
// installed that the key does not verify.
func decodeBlock(block string) ([]byte, error) {
	var b strings.Builder
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if !strings.Contains(line, ":") && !strings.HasPrefix(line, "=") {
			b.WriteString(line)
		}
	}
	return base64.StdEncoding.DecodeString(b.String())
}

// armored is the key in ASCII armor, with the checksum that rpm asks for.
func (k *key) armored() string {
	var b strings.Builder
	b.WriteString(armorBegin + "\n\n")
	text := base64.StdEncoding.EncodeToString(k.data)
	for len(text) > 0 {
		n := min(64, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	sum := crc24(k.data)
	b.WriteString("=" + base64.StdEncoding.EncodeToString([]byte{byte(sum >> 16), byte(sum >> 8), byte(sum)}) + "\n" + armorEnd + "\n")
	return b.String()
}

// crc24 is the checksum of RFC 9580, 6.1.
func crc24(data []byte) uint32 {
	crc := uint32(0xb704ce)
	for _, c := range data {
		crc ^= uint32(c) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return crc & 0xffffff
}
