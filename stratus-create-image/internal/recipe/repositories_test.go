package recipe

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stratuslab/stratus/lib/peers"
)

// run runs a program of this host in a directory.
func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// debs makes small packages: beta needs alpha.
func debs(t *testing.T, dir string) {
	t.Helper()
	peers.Need(t, "dpkg-deb", "apt-get")
	for name, depends := range map[string]string{"stratus-alpha": "", "stratus-beta": "Depends: stratus-alpha\n"} {
		tree := t.TempDir()
		writeFile(t, tree+"/DEBIAN/control", "Package: "+name+"\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <test@example.org>\n"+depends+"Description: test\n")
		writeFile(t, tree+"/usr/share/"+name+"/file", "content\n")
		run(t, dir, "dpkg-deb", "--root-owner-group", "--build", tree, dir+"/"+name+".deb")
	}
}

// rpms makes the same packages with rpmbuild, signed by the key in home, which
// is empty for no signature.
func rpms(t *testing.T, dir, home string) {
	t.Helper()
	peers.Need(t, "rpmbuild", "rpmsign", "createrepo_c", "gpg")
	program, err := exec.LookPath("gpg") // rpm looks for gpg2
	if err != nil {
		t.Fatal(err)
	}
	for name, requires := range map[string]string{"stratus-alpha": "", "stratus-beta": "Requires: stratus-alpha\n"} {
		writeFile(t, dir+"/"+name+".spec", "Name: "+name+"\nVersion: 1.0\nRelease: 1\nSummary: test\nLicense: MIT\nBuildArch: noarch\n"+requires+
			"%description\ntest\n%install\nmkdir -p %{buildroot}/opt/"+name+"\necho content >%{buildroot}/opt/"+name+"/file\n%files\n/opt/"+name+"\n")
		run(t, dir, "rpmbuild", "-bb", "--quiet", "--define", "_topdir "+dir+"/build", "--define", "_rpmdir "+dir, "--define", "_rpmfilename "+name+".rpm", dir+"/"+name+".spec")
		if home != "" {
			run(t, dir, "rpmsign", "--define", "__gpg "+program, "--define", "_gpg_name packager@example.org", "--define", "_gpg_path "+home, "--addsign", dir+"/"+name+".rpm")
		}
	}
	run(t, dir, "rm", "-r", dir+"/build")
	run(t, dir, "createrepo_c", "--quiet", dir)
	if home != "" {
		gpg(t, home, "--armor", "--detach-sign", dir+"/repodata/repomd.xml")
	}
}

// requests are what a server was asked for.
type requests struct {
	mu    sync.Mutex
	paths []string
}

func (r *requests) add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, text)
}

func (r *requests) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.paths, "\n")
}

// serve serves a directory, also to those who take it for a proxy of any host.
func serve(t *testing.T, dir string) (url string, asked *requests) {
	t.Helper()
	asked = new(requests)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(dir))
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.add(r.RequestURI)
		files.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String(), asked
}

// signedDebs makes an apt repository of the debs, and gives its key's file.
func signedDebs(t *testing.T, dir string) (keyFile string) {
	t.Helper()
	peers.Need(t, "apt-ftparchive")
	home := newSigner(t)
	debs(t, dir)
	run(t, dir, "sh", "-c", "apt-ftparchive packages . >Packages && apt-ftparchive release . >../Release && mv ../Release .")
	gpg(t, home, "--clearsign", "--output", dir+"/InRelease", dir+"/Release")
	keyFile = filepath.Join(t.TempDir(), "key.asc")
	if err := os.WriteFile(keyFile, gpg(t, home, "--armor", "--export"), 0o600); err != nil {
		t.Fatal(err)
	}
	return keyFile
}
