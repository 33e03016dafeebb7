package contextualize

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
)

// parseConfig reads what cloud-init would.
func parseConfig(t *testing.T, s *Seed, others []string, usersTold bool) (config map[string]any, text string) {
	t.Helper()
	content, err := s.cloudConfig(others, usersTold)
	if err != nil {
		t.Fatal(err)
	}
	body, ok := strings.CutPrefix(string(content), "#cloud-config\n")
	if !ok {
		t.Fatalf("no cloud-config: %q", content)
	}
	if err := json.Unmarshal([]byte(body), &config); err != nil {
		t.Fatal(err)
	}
	return config, body
}

func TestSeedForRoot(t *testing.T) {
	s, err := NewSeed("root")
	if err != nil {
		t.Fatal(err)
	}
	config, text := parseConfig(t, s, []string{"ssh-rsa AAAA someone"}, false)
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
	if strings.Contains(text, string(s.LoginPEM[30:80])) {
		t.Error("the private login key is in the seed")
	}
	if told, _ := parseConfig(t, s, nil, true); told["users"] != nil {
		t.Error("our part takes the users away from the user's own")
	}
}

func TestSeedForOtherUser(t *testing.T) {
	s, err := NewSeed("builder")
	if err != nil {
		t.Fatal(err)
	}
	config, _ := parseConfig(t, s, nil, false)
	want := []any{map[string]any{"name": "builder", "gecos": s.Mark, "sudo": "ALL=(ALL) NOPASSWD:ALL",
		"shell": "/bin/sh", "ssh_authorized_keys": []any{s.LoginKey()}}}
	if diff := cmp.Diff(want, config["users"]); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}
