package recipe

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/repotest"
	"github.com/stratuslab/stratus/stratus-create-image/internal/sandboxtest"
)

// sumOf returns the SHA-256 of a text as sha256sum prints it.
func sumOf(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

func TestParseArchives(t *testing.T) {
	sum := sumOf("")
	for _, test := range []struct {
		name, out string
		want      []Archive
	}{
		{"nothing", "", nil},
		{"two", "http://a/x/InRelease " + sum + "\nhttps://b/Release " + strings.ToUpper(sum) + "\n",
			[]Archive{{"http://a/x/InRelease", sum}, {"https://b/Release", sum}}},
		{"one is not there", "http://a/InRelease " + sum + "\nunknown unknown\n", nil},
		{"on the disk", "file:/srv/InRelease " + sum, nil},
		{"from a mirror list", "mirror+http://a/InRelease " + sum, nil},
		{"with a password", "http://u:p@a/InRelease " + sum, nil},
		{"without a host", "http:///InRelease " + sum, nil},
		{"a short digest", "http://a/InRelease abcd", nil},
		{"three words", "http://a/InRelease " + sum + " x", nil},
		{"too many", strings.Repeat("http://a/InRelease "+sum+"\n", maxArchives+1), nil},
	} {
		if diff := cmp.Diff(test.want, parseArchives(test.out)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func FuzzArchives(f *testing.F) {
	f.Add("http://a/x/InRelease " + sumOf("") + "\nhttps://b/Release " + sumOf("b") + "\n")
	f.Add("unknown unknown\n")
	f.Add("http://a/%zz \x00")
	f.Fuzz(func(t *testing.T, out string) {
		archives := parseArchives(out)
		if len(archives) > maxArchives || len(archives) > strings.Count(out, "\n")+1 {
			t.Errorf("%q has %d archives", out, len(archives))
		}
		var again strings.Builder
		for _, a := range archives {
			u, err := url.Parse(a.URL)
			if err != nil || u.Host == "" || u.User != nil || !strings.HasPrefix(u.Scheme, "http") || len(a.SHA256) != 64 {
				t.Errorf("%q has %q, %v", out, a, err)
			}
			fmt.Fprintln(&again, a.URL, a.SHA256)
		}
		if diff := cmp.Diff(archives, parseArchives(again.String())); diff != "" {
			t.Errorf("%q, read again (-want +got):\n%s", out, diff)
		}
	})
}

// TestFetch asks servers that answer, refuse, say too much, break off, and never end.
func TestFetch(t *testing.T) {
	stopped := errors.New("stopped by the test")
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			_, _ = io.CopyN(w, zeros{}, maxIndex+1)
		case "/short":
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("x"))
		case "/slow":
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			stop(stopped)
			<-r.Context().Done()
		case "/gone":
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte(r.URL.Path))
		}
	}))
	defer server.Close()
	for _, test := range []struct {
		paths []string
		want  string // of the error
	}{
		{[]string{"/a", "/b"}, ""},
		{[]string{"/a", "/gone"}, `/gone" answers 404 Not Found, want 200`},
		{[]string{"/large"}, `/large" has more than 67108864 bytes`},
		{[]string{"/short"}, `/short": unexpected EOF`},
		{[]string{"/slow"}, stopped.Error()},
	} {
		var asked, want []Archive
		for _, path := range test.paths {
			asked = append(asked, Archive{server.URL + path, sumOf("former")})
			want = append(want, Archive{server.URL + path, sumOf(path)})
		}
		got, err := Fetch(ctx, server.Client(), asked)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) || got != nil {
				t.Errorf("%q: %v, %v, want %q", test.paths, got, err, test.want)
			}
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", test.paths, err, diff)
		}
	}
}

// zeros is a reader that never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestArchives has apt in the guest read a repository, and compares what the guest says
// of it with what the server has.
func TestArchives(t *testing.T) {
	dir := t.TempDir()
	keyFile := signedDebs(t, dir)
	server, _ := serve(t, dir)
	s := sandboxtest.Start(t)
	g := s.Login("root")
	sandboxtest.Output(t, g, "cd /etc/apt; rm -rf sources.list sources.list.d/* apt.conf.d/*proxy* /var/lib/apt/lists/*")
	r := &Recipe{Installer: Apt, Repos: repos(t, "[key="+keyFile+"] http://nowhere.invalid ./"),
		Mirrors: mirrors(t, "http://nowhere.invalid="+server), Packages: install("stratus-beta")}
	j, err := r.For(t.Context(), osOf(Apt), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range r.Steps()[:2] {
		if err := j.Do(t.Context(), g, step); err != nil {
			t.Fatalf("%s: %v\n%s", step.Name, err, s.Lines())
		}
	}
	archives, err := j.Archives(t.Context())
	if err != nil || len(archives) != 1 || !strings.HasPrefix(archives[0].URL, server+"/") {
		t.Fatalf("the guest has %q, %v", archives, err)
	}
	now, err := Fetch(t.Context(), http.DefaultClient, archives)
	if diff := cmp.Diff(archives, now); diff != "" || err != nil {
		t.Errorf("the server has other indexes: %v (-guest +server):\n%s", err, diff)
	}
	sandboxtest.Output(t, g, "rm /var/lib/apt/lists/*Release")
	if archives, err := j.Archives(t.Context()); archives != nil || err != nil {
		t.Errorf("without an index: %q, %v", archives, err)
	}
	if err := j.End(t.Context(), g, nil); err != nil {
		t.Error(err)
	}
	for _, other := range []Installer{Yum, Apk, Pacman} {
		j, err := (&Recipe{Installer: other}).For(t.Context(), osOf(other), t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		if archives, err := j.Archives(t.Context()); archives != nil || err != nil {
			t.Errorf("%s: %q, %v", other, archives, err)
		}
	}
}

// TestRPMArchives has dnf and zypper read two repositories, and compares what the guest says
// of them with what the servers have. A repository that was not read leaves nothing to
// compare.
func TestRPMArchives(t *testing.T) {
	for _, installer := range []Installer{Dnf, Zypper} {
		t.Run(string(installer), func(t *testing.T) {
			peers.Need(t, string(installer))
			dirs, urls := [2]string{t.TempDir(), t.TempDir()}, [2]string{}
			for i, dir := range dirs {
				repotest.RPMs(t, dir, nil, repotest.Pair[i:]...)
				urls[i], _ = serve(t, dir)
			}
			s := sandboxtest.Start(t)
			g := s.Login("root")
			sandboxtest.Output(t, g, "rm -rf /etc/yum.repos.d/* /etc/zypp/repos.d/* /var/cache/dnf /var/cache/zypp; "+
				"mkdir -p /etc/rpm; echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros")
			r := &Recipe{Installer: installer, Repos: repos(t, urls[0], urls[1]+"/"), AllowUnsigned: true, Update: true}
			j, err := r.For(t.Context(), osOf(installer), t.Logf)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range r.Steps()[:2] {
				if err := j.Do(t.Context(), g, step); err != nil {
					t.Fatalf("%s: %v\n%s", step.Name, err, s.Lines())
				}
			}
			archives, err := j.Archives(t.Context())
			if err != nil || len(archives) != 2 {
				t.Fatalf("the guest has %q, %v, want two", archives, err)
			}
			now, err := Fetch(t.Context(), http.DefaultClient, archives)
			if diff := cmp.Diff(archives, now); diff != "" || err != nil {
				t.Errorf("the servers have other indexes: %v (-guest +server):\n%s", err, diff)
			}
			sandboxtest.Output(t, g, "cd /var/cache; "+
				"rm -rf $(ls -d dnf/stratus-*/repodata zypp/raw/stratus-*/repodata 2>/dev/null | head -n 1)")
			if archives, err := j.Archives(t.Context()); archives != nil || err != nil {
				t.Errorf("without an index: %q, %v", archives, err)
			}
		})
	}
}
