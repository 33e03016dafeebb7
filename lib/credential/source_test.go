package credential

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// globus makes a home directory with the named parts of ~/.globus, and a
// configuration.
func globus(t *testing.T, config string, parts ...string) string {
	t.Helper()
	home := t.TempDir()
	for path, data := range map[string][]byte{
		".globus/usercert.p12":            read(t, export(t, "p384", "")),
		".globus/usercert.pem":            read(t, fixture(t, "p256.pem")),
		".globus/userkey.pem":             read(t, fixture(t, "p256.key")),
		".stratuslab/stratuslab-user.cfg": []byte(config),
		"rsa.p12":                         read(t, export(t, "rsa", "")),
		"rsa.pem":                         read(t, fixture(t, "rsa.pem")),
		"rsa.key":                         read(t, fixture(t, "rsa.key")),
	} {
		if filepath.Dir(path) == ".globus" && !slices.Contains(parts, filepath.Base(path)) {
			continue
		}
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

func TestSource(t *testing.T) {
	const p12, cert, key = "usercert.p12", "usercert.pem", "userkey.pem"
	tests := []struct {
		name     string
		parts    []string
		env      map[string]string
		config   string
		args     []string
		want     string
		code     int
		messages []string
	}{
		{name: "PKCS#12 first", parts: []string{p12, cert, key}, want: "p384"},
		{name: "then PEM", parts: []string{cert, key}, want: "p256"},
		{name: "half of PEM is nothing", parts: []string{cert}, code: 4, messages: []string{"finding a certificate"}},
		{name: "nothing", code: 4, messages: []string{".globus/usercert.p12"}},
		{name: "the configuration", parts: []string{p12}, config: "p12_certificate = ~/rsa.p12\n", want: "rsa"},
		{
			name: "the environment", parts: []string{p12},
			env: map[string]string{"STRATUSLAB_P12_CERTIFICATE": "~/rsa.p12"}, want: "rsa",
		},
		{
			name: "PEM in the environment over PKCS#12 in the configuration", parts: []string{p12},
			config: "p12_certificate = ~/none\n",
			env:    map[string]string{"STRATUSLAB_PEM_CERTIFICATE": "~/rsa.pem", "STRATUSLAB_PEM_KEY": "~/rsa.key"},
			want:   "rsa",
		},
		{
			name: "the command line over both", config: "p12_certificate = ~/none\n",
			env: map[string]string{"STRATUSLAB_PEM_CERTIFICATE": "~/none"}, args: []string{"--p12-cert", "rsa.p12"},
			want: "rsa",
		},
		{
			name: "PEM on the command line over PKCS#12 in the environment",
			env:  map[string]string{"STRATUSLAB_P12_CERTIFICATE": "~/rsa.p12"}, parts: []string{key},
			args: []string{"--pem-cert", fixture(t, "p256.pem")}, want: "p256",
		},
		{
			name: "the certificate of the default", parts: []string{cert},
			args: []string{"--pem-key", fixture(t, "p256.key")}, want: "p256",
		},
		{
			name: "each half from its own source", config: "pem_key = ~/rsa.key\n",
			args: []string{"--pem-cert", "rsa.pem"}, want: "rsa",
		},
		{
			name: "both on the command line", args: []string{"--p12-cert", "rsa.p12", "--pem-key", "rsa.key"}, code: 2,
			messages: []string{
				`a PKCS#12 file, "rsa.p12", and a PEM certificate or key are both named`, "hint: give either",
			},
		},
		{
			name: "both in the configuration", config: "p12_certificate = a\npem_certificate = b\n", code: 2,
			messages: []string{"are both named"},
		},
		{name: "an empty name", args: []string{"--p12-cert", ""}, code: 2, messages: []string{`--p12-cert ""`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := globus(t, "[default]\n"+tt.config, tt.parts...)
			t.Setenv("HOME", home)
			t.Chdir(home)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			identity, o := loadWith(t, time.Now(), tt.args...)
			want(t, identity, o, tt.want, tt.code, tt.messages...)
		})
	}
}

func TestValidity(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	file := export(t, "rsa", "")
	identity, o := loadWith(t, time.Now(), "--p12-cert", file)
	want(t, identity, o, "rsa", 0)
	from, until := identity.Certificate.NotBefore, identity.Certificate.NotAfter
	const day = 24 * time.Hour
	tests := []struct {
		name     string
		now      time.Time
		want     string
		code     int
		messages []string
	}{
		{"the first second", from, "rsa", 0, nil},
		{"too early", from.Add(-time.Second), "", 4, []string{"is valid from " + from.Format(time.RFC3339) + " only", "clock"}},
		{"30 days ahead", until.Add(-30 * day), "rsa", 0, nil},
		{"less than 30 days ahead", until.Add(-30*day + time.Second), "rsa", 0, []string{
			"warning: the certificate in ", "expires on " + until.Format(time.RFC3339) + ", in 29 days"}},
		{"the last second", until, "rsa", 0, []string{"in 0 days"}},
		{"too late", until.Add(time.Second), "", 4, []string{"expired on " + until.Format(time.RFC3339), "renew it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			identity, o := loadWith(t, tt.now, "--p12-cert", file)
			want(t, identity, o, tt.want, tt.code, tt.messages...)
		})
	}
}
