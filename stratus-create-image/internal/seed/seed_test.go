package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kdomanski/iso9660"
	"golang.org/x/crypto/ssh"
)

// readISO writes the seed disk and reads its files back.
func readISO(t *testing.T, s *Seed) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteISO(&b); err != nil {
		t.Fatal(err)
	}
	image, err := iso9660.OpenImage(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if label, err := image.Label(); err != nil || label != "cidata" {
		t.Errorf("the label is %q, %v", label, err)
	}
	root, err := image.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	children, err := root.GetChildren()
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, f := range children {
		content, err := io.ReadAll(f.Reader())
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = string(content)
	}
	return files
}

// parseConfig reads what cloud-init would.
func parseConfig(t *testing.T, text string) map[string]any {
	t.Helper()
	body, ok := strings.CutPrefix(text, "#cloud-config\n")
	if !ok {
		t.Fatalf("no cloud-config: %q", text)
	}
	var config map[string]any
	if err := json.Unmarshal([]byte(body), &config); err != nil {
		t.Fatal(err)
	}
	return config
}

func TestRoot(t *testing.T) {
	s, err := New("root")
	if err != nil {
		t.Fatal(err)
	}
	s.OtherKeys = []string{"ssh-rsa AAAA someone"}
	files := readISO(t, s)
	config := parseConfig(t, files["user-data"])
	if diff := cmp.Diff([]any{s.LoginKey(), "ssh-rsa AAAA someone"}, config["ssh_authorized_keys"]); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if users, ok := config["users"].([]any); !ok || len(users) != 0 {
		t.Errorf("users: %v, want an empty list, or the default user is made", config["users"])
	}
	keys := config["ssh_keys"].(map[string]any)
	host, err := ssh.ParsePrivateKey([]byte(keys["ed25519_private"].(string)))
	if err != nil || !bytes.Equal(host.PublicKey().Marshal(), s.HostKey.Marshal()) {
		t.Errorf("the host key in the seed is not the one that is expected: %v", err)
	}
	login, err := ssh.ParsePrivateKey(s.LoginPEM)
	if err != nil || !bytes.Equal(login.PublicKey().Marshal(), s.Login.PublicKey().Marshal()) {
		t.Errorf("the login key's file is another key: %v", err)
	}
	if strings.Contains(files["user-data"], string(s.LoginPEM[30:80])) {
		t.Error("the private login key is in the seed")
	}
	if !strings.HasPrefix(files["meta-data"], "instance-id: stratus-") || files["meta-data"] == readISO(t, s)["meta-data"] {
		t.Errorf("meta-data: %q, want a fresh instance", files["meta-data"])
	}
	if !strings.Contains(files["network-config"], "dhcp4: true") {
		t.Errorf("network-config: %q", files["network-config"])
	}
}

func TestOtherUser(t *testing.T) {
	s, err := New("builder")
	if err != nil {
		t.Fatal(err)
	}
	config := parseConfig(t, readISO(t, s)["user-data"])
	want := []any{map[string]any{"name": "builder", "gecos": s.Mark, "sudo": "ALL=(ALL) NOPASSWD:ALL", "shell": "/bin/sh", "ssh_authorized_keys": []any{s.LoginKey()}}}
	if diff := cmp.Diff(want, config["users"]); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestUserData(t *testing.T) {
	s, err := New("root")
	if err != nil {
		t.Fatal(err)
	}
	s.UserData = []byte("#!/bin/sh\necho --boundary\n")
	message, err := mail.ReadMessage(strings.NewReader(readISO(t, s)["user-data"]))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("%q, %v", kind, err)
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	var got []string
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(body))
	}
	if len(got) != 2 || got[0] != string(s.UserData) {
		t.Fatalf("parts: %q", got)
	}
	if _, ok := parseConfig(t, got[1])["users"]; ok {
		t.Error("our part takes the users away from the user's own")
	}
}
