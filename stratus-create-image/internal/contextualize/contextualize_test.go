package contextualize

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/lib/report"
)

const (
	plainKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDYqZ3o0bXvK8gGqj0yJmVZb3m7a5v1n9mYw4pJc2bQf"
	key      = plainKey + " it's $(me) \"`you`\""
)

// hostile are values that some reader could take for more than a value.
var hostile = []Variable{
	{"QUOTES", `'"'"'\'$(touch /tmp/x)` + "`id`" + `${HOME}\\"`},
	{"LINES", "\n\nA='b'\nexport C\n'; exit\n"},
	{"ENDS", "end'"},
	{"CR", "a\r\nb\r"},
	{"EMPTY", ""},
	{"DASH", "-n -e \\c %s %%"},
	{"UTF8", "h\u00e9\u4e16\U0001f600\u0085\u2028"},
	{"CONTROL", "\x01\x02\x1b[31m\x7f\t\v\f"},
	{"HASH", "# ! ~ * ? [a] {b,c} & | ; < >"},
	{"lower_1", "x"},
	{"LARGE", strings.Repeat("'\n$", 40000)},
}

func newSeed(t *testing.T, user string) *Seed {
	t.Helper()
	s, err := NewSeed(user)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var card = &Card{MAC: "52:54:00:12:34:56", IP: "10.0.2.15", Mask: "255.255.255.0", Network: "10.0.2.0",
	Gateway: "10.0.2.2", DNS: "10.0.2.3"}

// disks writes a scheme's disks and lets xorriso unpack them: the directory of
// each, by its label.
func disks(t *testing.T, c *Context, scheme Scheme) map[string]string {
	t.Helper()
	peers.Need(t, "xorriso", "blkid")
	all, notes, err := c.Disks(scheme)
	if err != nil || len(notes) > 0 {
		t.Fatal(notes, err)
	}
	dirs := make(map[string]string)
	for _, d := range all {
		var b bytes.Buffer
		if err := d.Write(&b); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		image := filepath.Join(dir, "disk.iso")
		if err := os.WriteFile(image, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		label, err := exec.Command("blkid", "-p", "-o", "value", "-s", "LABEL", image).Output()
		if err != nil {
			t.Fatal(err)
		}
		dirs[strings.TrimSpace(string(label))] = filepath.Join(dir, "files")
		if out, err := exec.Command("xorriso", "-osirrox", "on", "-indev", image, "-extract", "/", filepath.Join(dir, "files"),
			"-chmod_r", "u+rwX", filepath.Join(dir, "files")).CombinedOutput(); err != nil && !strings.Contains(string(out), "restored") {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := exec.Command("chmod", "-R", "u+w", dir).Run(); err != nil { // or it could not be removed
			t.Fatal(err)
		}
	}
	return dirs
}

// read lets one of cloud-init's data sources read a directory.
func read(t *testing.T, source Scheme, dir string) (got struct {
	Metadata map[string]any
	UserData []byte
	Network  bool
}) {
	t.Helper()
	peers.Answer(t, peers.Python(t, "cloudinit", "testdata/datasource.py", string(source), dir), &got)
	return got
}

// TestCloudInit hands a cloud's contexts to cloud-init.
func TestCloudInit(t *testing.T) {
	script := Part{Name: "s", Content: []byte("#!/bin/sh\n" + strings.Repeat("0123456789\n", 2000) + "\x00\xff")}
	c := &Context{Keys: []string{key}, UserData: UserData{Keys: []string{key + "2"}, Parts: []Part{script}},
		Variables: hostile[:10], Card: card}
	dirs := disks(t, c, Auto)
	meta := make(map[string]any)
	for _, v := range c.Variables {
		meta[v.Name] = v.Value
	}
	labels := map[Scheme]string{NoCloud: "cidata", ConfigDrive: "config-2", OpenNebula: "CONTEXT"}
	var instance any
	for _, scheme := range []Scheme{NoCloud, ConfigDrive, OpenNebula} {
		got := read(t, scheme, dirs[labels[scheme]])
		if !bytes.Equal(got.UserData, script.Content) {
			t.Errorf("%s: user data %.100q", scheme, got.UserData)
		}
		switch scheme {
		case NoCloud:
			instance = got.Metadata["instance-id"]
			if diff := cmp.Diff(map[string]any{"instance-id": instance, "meta": meta, "public-keys": []any{key, key + "2"}},
				got.Metadata); diff != "" {
				t.Errorf("%s (-want +got):\n%s", scheme, diff)
			}
		case ConfigDrive:
			if diff := cmp.Diff([]any{instance, meta, map[string]any{"key-001": key, "key-002": key + "2"}},
				[]any{got.Metadata["instance-id"], got.Metadata["meta"], got.Metadata["public_keys"]}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", scheme, diff)
			}
		case OpenNebula:
			if diff := cmp.Diff([]any{key, key + "2"}, got.Metadata["public-keys"]); diff != "" || !got.Network {
				t.Errorf("%s: network %t, (-want +got):\n%s", scheme, got.Network, diff)
			}
			for name, value := range meta {
				if got.Metadata[name] != value {
					t.Errorf("%s: %s is %.100q, want %.100q", scheme, name, got.Metadata[name], value)
				}
			}
		}
	}
}

// TestBuild hands a build's contexts to cloud-init: all let the build in.
func TestBuild(t *testing.T) {
	c := &Context{Seed: newSeed(t, "root"), Keys: []string{key}, Card: card}
	dirs := disks(t, c, Auto)
	for scheme, label := range map[Scheme]string{NoCloud: "cidata", ConfigDrive: "config-2", OpenNebula: "CONTEXT"} {
		text, ok := bytes.CutPrefix(read(t, scheme, dirs[label]).UserData, []byte("#cloud-config\n"))
		var config struct {
			Keys     []string          `json:"ssh_authorized_keys"`
			HostKeys map[string]string `json:"ssh_keys"`
		}
		if err := json.Unmarshal(text, &config); err != nil || !ok {
			t.Fatal(scheme, ok, err)
		}
		host, err := ssh.ParsePrivateKey([]byte(config.HostKeys["ed25519_private"]))
		if err != nil || !bytes.Equal(host.PublicKey().Marshal(), c.Seed.HostKey.Marshal()) {
			t.Errorf("%s: another host key: %v", scheme, err)
		}
		if diff := cmp.Diff([]string{c.Seed.LoginKey(), key}, config.Keys); diff != "" {
			t.Errorf("%s (-want +got):\n%s", scheme, diff)
		}
	}
}

func TestDisks(t *testing.T) {
	c := &Context{Keys: []string{key}}
	for scheme, want := range map[Scheme]string{
		Auto: "cidata config-2 CONTEXT _STRATUSLAB", CloudInit: "cidata config-2", NoCloud: "cidata", ConfigDrive: "config-2",
		OpenNebula: "CONTEXT", StratusLab: "_STRATUSLAB", HEPiX: "_STRATUSLAB",
	} {
		all, _, err := c.Disks(scheme)
		var labels []string
		for _, d := range all {
			labels = append(labels, d.Label)
		}
		if got := strings.Join(labels, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", scheme, got, err, want)
		}
	}
	if _, _, err := c.Disks(CloudInitV1); err == nil {
		t.Error("a machine is started with cloud-init.txt")
	}
	if _, _, err := c.Disks(None); report.KindOf(err) != report.Usage {
		t.Errorf("none with a key: %v, want a usage error", err)
	}
	if all, notes, err := new(Context).Disks(None); len(all)+len(notes) > 0 || err != nil {
		t.Errorf("none: %v, %q, %v", all, notes, err)
	}
}

// TestLimits is about what is too large for some, and what only some can do.
func TestLimits(t *testing.T) {
	noise := make([]byte, 200<<10)
	for i := range noise {
		noise[i] = byte(i * i >> 8 * 7)
	}
	var packed bytes.Buffer
	for packed.Len() < 200<<10 { // cannot be packed again
		sum, err := compress(append(noise, packed.Bytes()...))
		if err != nil {
			t.Fatal(err)
		}
		packed.Write(sum)
	}
	c := &Context{UserData: UserData{Parts: []Part{{Name: "f", Content: packed.Bytes()}}}}
	if all, notes, err := c.Disks(Auto); err != nil || len(all) != 3 || len(notes) != 1 ||
		!strings.Contains(notes[0], "USER_DATA has") {
		t.Errorf("auto: %d disks, %q, %v", len(all), notes, err)
	}
	if _, _, err := c.Disks(OpenNebula); err == nil || !strings.Contains(err.Error(), "at most 131071") {
		t.Errorf("opennebula: %v", err)
	}
	if _, notes, err := c.Disks(HEPiX); err != nil || len(notes) != 1 || !strings.Contains(notes[0], "leaves out f") {
		t.Errorf("hepix: %q, %v", notes, err)
	}
	if _, _, err := c.Files(CloudInitV1); err == nil || !strings.Contains(err.Error(), "at most 16384") {
		t.Errorf("cloud-init-v1: %v", err)
	}
}
