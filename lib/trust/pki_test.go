package trust

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
)

// The extensions of authorities and of people.
const (
	authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
	person    = "basicConstraints=CA:FALSE\nsubjectAltName=email:jane@example.org\n"
)

const configuration = `
[ca]
new_certs_dir = .
database = index.txt
serial = serial
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
commonName = supplied
[part]
issuingDistributionPoint = critical,@scope
[scope]
onlyuser = TRUE
`

// pki makes certificates and revocation lists with openssl, in a folder where
// NAME has the files NAME.pem and NAME.key.
type pki struct {
	t   testing.TB
	dir string
}

func newPKI(t testing.TB) pki {
	t.Helper()
	peers.Need(t, "openssl")
	p := pki{t: t, dir: t.TempDir()}
	p.write("ca.cnf", configuration)
	p.write("ca-number.cnf", strings.Replace(configuration, "policy = any", "policy = any\ncrlnumber = crlnumber", 1))
	p.write("serial", "1001\n")
	p.write("crlnumber", "01\n")
	p.write("index.txt", "")
	return p
}

func (p pki) path(name string) string { return filepath.Join(p.dir, name) }

func (p pki) write(name, content string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p pki) content(name string) string {
	p.t.Helper()
	b, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

func (p pki) openssl(args ...string) string {
	p.t.Helper()
	command := exec.Command("openssl", args...)
	command.Dir = p.dir
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		p.t.Fatalf("openssl %q: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

// request is what a certificate is to be.
type request struct {
	name, issuer string // the issuer is the name itself of a self-signed one
	extensions   string
	subject      string // CN=name in C=FR, O=Grid unless given
	from, to     string // years; 2010 to 2035 unless given
	digest       string // sha256 unless given
	key          string // an EC key unless given
	keyOf        string // the one of this certificate instead
}

func (p pki) issue(r request) {
	p.t.Helper()
	if r.subject == "" {
		r.subject = "/C=FR/O=Grid/CN=" + r.name
	}
	key := []string{"ec", "-pkeyopt", "ec_paramgen_curve:P-256"}
	if r.key != "" {
		key = []string{r.key}
	}
	made := append([]string{"-nodes", "-keyout", r.name + ".key", "-newkey"}, key...)
	if r.keyOf != "" {
		made = []string{"-key", r.keyOf + ".key"}
	}
	p.openssl(append([]string{"req", "-new", "-out", "csr", "-subj", r.subject}, made...)...)
	p.write("extensions", r.extensions)
	args := []string{
		"ca", "-config", "ca.cnf", "-name", "ca", "-batch", "-notext",
		"-in", "csr", "-out", r.name + ".pem", "-extfile", "extensions",
		"-keyfile", r.issuer + ".key", "-md", or(r.digest, "sha256"),
		"-startdate", or(r.from, "2010") + "0101000000Z", "-enddate", or(r.to, "2035") + "0101000000Z",
	}
	if r.issuer == r.name {
		args = append(args, "-selfsign")
	} else {
		args = append(args, "-cert", r.issuer+".pem")
	}
	p.openssl(args...)
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func (p pki) certificate(name string) *x509.Certificate {
	p.t.Helper()
	block, _ := pem.Decode([]byte(p.content(name + ".pem")))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// revocations is what a list is to be.
type revocations struct {
	file, issuer string
	revoked      map[string]string // reasons by names
	from, to     string            // yyyymmdd; 20180225 to 20180325 unless given
	args         []string          // others
	version1     bool
}

func (p pki) list(r revocations) {
	p.t.Helper()
	var index strings.Builder
	for name, reason := range r.revoked {
		fmt.Fprintf(&index, "R\t350101000000Z\t180227120000Z,%s\t%X\tunknown\t/CN=%s\n", reason, p.certificate(name).SerialNumber, name)
	}
	p.write("index.txt", index.String())
	config := "ca-number.cnf"
	if r.version1 {
		config = "ca.cnf"
	}
	p.openssl(append([]string{
		"ca", "-config", config, "-name", "ca", "-gencrl", "-out", r.file,
		"-cert", r.issuer + ".pem", "-keyfile", r.issuer + ".key", "-md", "sha256",
		"-crl_lastupdate", or(r.from, "20180225") + "000000Z", "-crl_nextupdate", or(r.to, "20180325") + "000000Z",
	}, r.args...)...)
	p.write("index.txt", "")
}

// bundle writes the named files one after the other, with text between them.
func (p pki) bundle(file string, names ...string) {
	p.t.Helper()
	var all strings.Builder
	for _, name := range names {
		fmt.Fprintf(&all, "# %s\n%s\n", name, p.content(name))
	}
	p.write(file, all.String())
}

// directory makes a folder of copies as `openssl rehash` keeps them.
func (p pki) directory(dir string, files ...string) {
	p.t.Helper()
	if err := os.Mkdir(p.path(dir), 0o700); err != nil {
		p.t.Fatal(err)
	}
	for _, file := range files {
		p.write(filepath.Join(dir, file), p.content(file))
	}
	p.openssl("rehash", dir)
}

// day is noon of yyyy-mm-dd.
func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t.Add(12 * time.Hour)
}
