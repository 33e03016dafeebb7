package credential

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // old keys are encrypted with it
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the default of PBKDF2
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

var errEncryption = errors.New("the encryption of its key is not supported")

// The structures of RFC 5958 (the outer one) and RFC 8018.
type (
	encryptedPrivateKeyInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct {
		KDF, Scheme pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt      []byte
		Rounds    int
		KeyLength int                      `asn1:"optional"`
		PRF       pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

// decryptPKCS8 opens an encrypted PKCS#8 key, PBES2 with PBKDF2 and CBC as
// OpenSSL has written them since 1.1.0. A wrong passphrase shows in the padding
// or in what cannot be parsed.
func decryptPKCS8(der []byte, passphrase string) (crypto.PrivateKey, error) {
	var info encryptedPrivateKeyInfo
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%w: it is damaged", errEncryption)
	}
	mode, err := pbes2(info.Algorithm, passphrase)
	if err != nil {
		return nil, err
	}
	size := mode.BlockSize()
	if len(info.Data) == 0 || len(info.Data)%size != 0 {
		return nil, fmt.Errorf("%w: %d bytes are not a multiple of %d", errEncryption, len(info.Data), size)
	}
	plain := make([]byte, len(info.Data))
	mode.CryptBlocks(plain, info.Data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > size {
		return nil, errPassphrase
	}
	key, err := x509.ParsePKCS8PrivateKey(plain[:len(plain)-padding])
	var broken asn1.StructuralError
	var garbled asn1.SyntaxError
	switch {
	case errors.As(err, &broken), errors.As(err, &garbled):
		return nil, errPassphrase
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return key, nil
}

// pbes2 makes the decrypter of what the algorithm and the passphrase encrypted.
func pbes2(algorithm pkix.AlgorithmIdentifier, passphrase string) (cipher.BlockMode, error) {
	var params pbes2Params
	var kdf pbkdf2Params
	var iv []byte
	switch {
	case algorithm.Algorithm.String() != oidPBES2:
		return nil, fmt.Errorf("%w: the algorithm is %v, want PBES2 (%s)", errEncryption, algorithm.Algorithm, oidPBES2)
	case !parse(algorithm, &params):
		return nil, fmt.Errorf("%w: the parameters of PBES2 are damaged", errEncryption)
	case params.KDF.Algorithm.String() != oidPBKDF2:
		return nil, fmt.Errorf("%w: the key derivation is %v, want PBKDF2 (%s)", errEncryption, params.KDF.Algorithm, oidPBKDF2)
	case !parse(params.KDF, &kdf) || kdf.Rounds < 1 || !parse(params.Scheme, &iv):
		return nil, fmt.Errorf("%w: the parameters of PBKDF2 or of the cipher are damaged", errEncryption)
	}
	newHash, hashKnown := prfs[kdf.PRF.Algorithm.String()]
	scheme, schemeKnown := blockCiphers[params.Scheme.Algorithm.String()]
	if !hashKnown || !schemeKnown {
		return nil, fmt.Errorf("%w: PBKDF2 with %v and the cipher %v", errEncryption, kdf.PRF.Algorithm, params.Scheme.Algorithm)
	}
	key, err := pbkdf2.Key(newHash, passphrase, kdf.Salt, kdf.Rounds, scheme.keyLength)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEncryption, err)
	}
	block, err := scheme.make(key)
	if err != nil || len(iv) != block.BlockSize() {
		return nil, fmt.Errorf("%w: the initial vector has %d bytes", errEncryption, len(iv))
	}
	return cipher.NewCBCDecrypter(block, iv), nil
}

func parse(algorithm pkix.AlgorithmIdentifier, params any) bool {
	rest, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, params)
	return err == nil && len(rest) == 0
}

// prfs are the hashes of PBKDF2; none is named for the first.
var prfs = map[string]func() hash.Hash{
	"": sha1.New, "1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New,
	"1.2.840.113549.2.10": sha512.New384, "1.2.840.113549.2.11": sha512.New,
}

// blockCipher is used with CBC.
type blockCipher struct {
	keyLength int
	make      func([]byte) (cipher.Block, error)
}

var blockCiphers = map[string]blockCipher{
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
}
