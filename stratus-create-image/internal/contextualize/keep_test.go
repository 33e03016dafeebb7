package contextualize

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeptSeed(t *testing.T) {
	seed, err := NewSeed("builder")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(seed)
	if err != nil {
		t.Fatal(err)
	}
	var got Seed
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	form := func(s *Seed) []string {
		return []string{s.User, s.Mark, s.LoginKey(), string(s.LoginPEM), string(s.HostPEM), string(s.HostKey.Marshal())}
	}
	if diff := cmp.Diff(form(seed), form(&got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	fresh, err := seed.WithNewLogin()
	if err != nil || fresh.LoginKey() == seed.LoginKey() || fresh.Mark != seed.Mark {
		t.Errorf("with a new login: %v, mark %q", err, fresh.Mark)
	}
	for _, bad := range []string{`{}`, `[]`, `{"Login":"x","Host":"y"}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// TestDigest: the one-time keys do not count, and everything else does.
func TestDigest(t *testing.T) {
	plain := Context{}
	seed, err := NewSeed("root")
	if err != nil {
		t.Fatal(err)
	}
	seeded := Context{Seed: seed}
	variable := Context{Variables: []Variable{{"A", "b"}}}
	card := Context{Card: &Card{MAC: "52:54:00:12:34:56", IP: "10.0.2.15", Mask: "255.255.255.0", Gateway: "10.0.2.2"}}
	digest := func(c Context, scheme Scheme, user string) string {
		t.Helper()
		d, err := c.Digest(scheme, user)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	want := digest(plain, Auto, "root")
	if got := digest(seeded, Auto, "root"); got != want {
		t.Error("a seed changes the digest")
	}
	for name, got := range map[string]string{
		"the user":   digest(plain, Auto, "builder"),
		"the scheme": digest(plain, NoCloud, "root"),
		"a variable": digest(variable, Auto, "root"),
		"the card":   digest(card, Auto, "root"),
	} {
		if got == want {
			t.Errorf("%s does not change the digest", name)
		}
	}
}
