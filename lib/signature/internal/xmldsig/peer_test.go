package xmldsig

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stratuslab/stratus/lib/credential/credentialtest"
)

// identity is somebody who signs, with files for other programs.
type identity struct {
	Signer
	keyFile, certificateFile string
}

// identities makes an RSA and an ECDSA key with certificates of their own.
func identities(t testing.TB) map[string]identity {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey := credentialtest.NewKey(t, elliptic.P256())
	return map[string]identity{"rsa": newIdentity(t, "rsa", rsaKey), "ecdsa": newIdentity(t, "ecdsa", ecdsaKey)}
}

// vectorIdentities are those of the shared vectors, and two with ECDSA keys.
func vectorIdentities(t testing.TB) map[string]identity {
	t.Helper()
	ids := map[string]identity{}
	for _, name := range []string{"rsa-san", "rsa-nosan", "rsa-utf8"} {
		i := credentialtest.Vector(t, name)
		ids[name] = identity{
			Signer:          Signer{Certificate: i.Certificate, Key: i.Key},
			certificateFile: filepath.Join(credentialtest.Vectors(t), name+".pem"),
		}
	}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		ids[curve.Params().Name] = newIdentity(t, curve.Params().Name, credentialtest.NewKey(t, curve))
	}
	return ids
}

func newIdentity(t testing.TB, name string, key crypto.Signer) identity {
	t.Helper()
	i := credentialtest.SelfSigned(t, x509.Certificate{Subject: pkix.Name{CommonName: name}}, key)
	return identity{
		Signer:          Signer{Certificate: i.Certificate, Key: key, Hash: crypto.SHA256},
		keyFile:         credentialtest.Write(t, name+".key.pem", i.KeyPEM(t)),
		certificateFile: credentialtest.Write(t, name+".pem", i.CertificatePEM()),
	}
}

// verifyWith are the options with which xmlsec1 takes nothing for good but the
// signature of a trusted certificate over the whole document.
func verifyWith(ids map[string]identity) []string {
	args := []string{"--verify", "--enabled-key-data", "x509", "--enabled-reference-uris", "empty"}
	for _, id := range ids {
		args = append(args, "--trusted-pem", id.certificateFile)
	}
	return args
}

// xmlsec runs xmlsec1. When it verifies several files, the first bad one ends
// it, and the error names it.
func xmlsec(ctx context.Context, args []string, more ...string) error {
	out, err := exec.CommandContext(ctx, "xmlsec1", slices.Concat(args, more)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("xmlsec1: %w\n%s", err, out)
	}
	return nil
}

// acceptedByPeer makes sure that xmlsec1 finds all the files good.
func acceptedByPeer(t testing.TB, args, files []string) {
	t.Helper()
	group, ctx := parallel(t)
	for some := range slices.Chunk(files, 40) {
		group.Go(func() error { return xmlsec(ctx, args, some...) })
	}
	if err := group.Wait(); err != nil {
		t.Errorf("ours accepts, but %v", err)
	}
}

// parallel runs as many functions at a time as there are processors.
func parallel(t testing.TB) (*errgroup.Group, context.Context) {
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(runtime.NumCPU())
	return group, ctx
}

// newRandom returns a source of random numbers. What it was seeded with comes
// with the output of a test that fails, and STRATUS_TEST_SEED repeats it.
func newRandom(t testing.TB) (r *mathrand.Rand, seed uint64) {
	t.Helper()
	seed = uint64(time.Now().UnixNano())
	if text := os.Getenv("STRATUS_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("STRATUS_TEST_SEED: %v", err)
		}
	}
	t.Logf("STRATUS_TEST_SEED=%d", seed)
	return mathrand.New(mathrand.NewPCG(seed, 0)), seed
}

// numberFrom is a number that an environment variable may replace.
func numberFrom(t testing.TB, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
