package credential

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/peers"
)

// childVariable makes the test binary load an identity as a command does, so
// that a test can give it a terminal, descriptors and signals of its own.
const childVariable = "STRATUS_CREDENTIAL_TEST_CHILD"

func TestMain(m *testing.M) {
	if action, ok := childActions[os.Getenv(childVariable)]; ok {
		os.Exit(command.Main(program(action)))
	}
	peers.Contain()
	code := m.Run()
	if fixtures.dir != "" {
		_ = os.RemoveAll(fixtures.dir)
	}
	os.Exit(code)
}

func program(action func(*command.Call) error) *command.Program {
	return &command.Program{Name: "sign", Flags: command.CredentialFlags(), Settings: command.CredentialSettings(), Action: action}
}

// describe is what the tests compare of an identity: the names in its
// certificates, the leaf's first.
func describe(i *Identity) string {
	if i == nil {
		return ""
	}
	names := []string{i.Certificate.Subject.CommonName}
	for _, c := range i.Chain {
		names = append(names, c.Subject.CommonName)
	}
	return strings.Join(names, " < ")
}

// passphraseVariable is the name that command.CredentialSettings has for it.
const passphraseVariable = "STRATUSLAB_P12_PASSWORD"

func sourceOf(c *command.Call) (*Source, error) {
	where, err := c.Credential()
	return New(Options(where), c.Log), err
}

func load(c *command.Call, now time.Time) (*Identity, error) {
	source, err := sourceOf(c)
	if err != nil {
		return nil, err
	}
	return source.Load(c.Ctx, now)
}

func choosePassphrase(c *command.Call) (string, error) {
	source, err := sourceOf(c)
	if err != nil {
		return "", err
	}
	return source.NewPassphrase(c.Ctx)
}

// outcome is what one run left behind.
type outcome struct {
	Code     int
	Out, Err string
}

// loadWith loads an identity in this process, as the arguments say. The home
// directory is the one of the environment.
func loadWith(t *testing.T, now time.Time, args ...string) (*Identity, outcome) {
	t.Helper()
	var identity *Identity
	var out, errs bytes.Buffer
	code := command.Run(t.Context(), program(func(c *command.Call) (err error) {
		identity, err = load(c, now)
		return err
	}), args, command.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return identity, outcome{Code: code, Out: out.String(), Err: errs.String()}
}

// want checks what a run gives: the names of the identity, or an exit code and
// parts of the messages.
func want(t *testing.T, identity *Identity, o outcome, names string, code int, messages ...string) {
	t.Helper()
	if got := describe(identity); got != names || o.Code != code {
		t.Errorf("got %q and exit code %d, want %q and %d; messages: %s", got, o.Code, names, code, o.Err)
	}
	for _, m := range messages {
		if !strings.Contains(o.Err, m) {
			t.Errorf("want %q in the messages: %s", m, o.Err)
		}
	}
	if len(messages) == 0 && o.Err != "" || o.Out != "" {
		t.Errorf("unexpected messages: %s%s", o.Out, o.Err)
	}
}

// fixtures are keys and certificates that openssl makes once.
var fixtures struct {
	once   sync.Once
	dir    string
	output string // of openssl, if it did not work
}

const makeFixtures = `set -eu
self() { name=$1; shift; openssl req -x509 -nodes -keyout $name.key -out $name.pem -days 365 -subj /CN=$name "$@"; }
self rsa -newkey rsa:2048
self small -newkey rsa:1024
self p256 -newkey ec -pkeyopt ec_paramgen_curve:P-256
self p384 -newkey ec -pkeyopt ec_paramgen_curve:P-384
self p521 -newkey ec -pkeyopt ec_paramgen_curve:P-521
self koblitz -newkey ec -pkeyopt ec_paramgen_curve:secp256k1
self ed -newkey ed25519
openssl dsaparam -genkey -noout -out dsa.key 1024
openssl req -x509 -key dsa.key -out dsa.pem -days 365 -subj /CN=dsa
self root -newkey ec -pkeyopt ec_paramgen_curve:P-256
printf 'basicConstraints=critical,CA:TRUE\n' >ca.ext
for pair in ca:root leaf:ca; do
	name=${pair%:*} issuer=${pair#*:}
	openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout $name.key -out $name.csr -subj /CN=$name
	openssl x509 -req -in $name.csr -CA $issuer.pem -CAkey $issuer.key -CAcreateserial -extfile ca.ext -out $name.pem -days 365
done
cat root.pem ca.pem rsa.pem >above.pem
openssl rsa -in rsa.key -traditional -out rsa.pkcs1
openssl ec -in p384.key -out p384.sec1
`

// fixture gives the path of a file that makeFixtures makes.
func fixture(t testing.TB, name string) string {
	t.Helper()
	peers.Need(t, "openssl")
	fixtures.once.Do(func() {
		dir, err := os.MkdirTemp("", "credential")
		if err != nil {
			t.Fatal(err)
		}
		fixtures.dir = dir
		cmd := exec.CommandContext(t.Context(), "sh", "-c", makeFixtures)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			fixtures.output = fmt.Sprintf("%v: %s", err, out)
		}
	})
	if fixtures.output != "" {
		t.Fatal(fixtures.output)
	}
	return filepath.Join(fixtures.dir, name)
}

// openssl runs one openssl command where the fixtures are.
func openssl(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = fixture(t, "")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %q: %v: %s", args, err, out)
	}
}

// export makes a PKCS#12 file of a key and its certificate.
func export(t testing.TB, name, passphrase string, options ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "it is.p12")
	openssl(t, append([]string{"pkcs12", "-export", "-inkey", fixture(t, name+".key"), "-in", fixture(t, name+".pem"),
		"-out", path, "-passout", "pass:" + passphrase}, options...)...)
	return path
}

// write writes a file and gives its path.
func write(t testing.TB, data []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
