package entry

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/signature"
)

const (
	anID   = "J7M1U1pZuOJOcq_d7bypZorP2KY"
	aTime  = "2026-11-23T01:02:03Z"
	anMail = "100%+a@example.org"
)

func TestParseKey(t *testing.T) {
	k, err := ParseKey(anID, anMail, aTime)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"metadata/" + anID + "/100%+a@example.org/" + aTime, "metadata/" + anID + "/100%25+a@example.org/" + aTime}
	if diff := cmp.Diff(want, []string{k.Path(), k.URLPath()}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := ParsePath("/srv/registry/" + k.Path()); err != nil || got != k {
		t.Errorf("got %+v, %v", got, err)
	}
	variant := Key{anID, anMail, aTime, strings.Repeat("0a", 32)}
	if got, err := ParsePath(variant.Path()); err != nil || got != variant || variant.Name() != aTime+"."+variant.Variant {
		t.Errorf("a variant: got %+v, %v", got, err)
	}
	for _, bad := range [][3]string{
		{anID, anMail, aTime + "."}, {anID, anMail, aTime + ".0a"}, {anID, anMail, aTime + "." + strings.Repeat("0A", 32)},
		{anID, anMail, variant.Name() + ".html"},
		{"", anMail, aTime}, {"..", anMail, aTime}, {anID + "A", anMail, aTime}, {"metadata", anMail, aTime},
		{anID, "", aTime}, {anID, "..", aTime}, {anID, "../../a@b", aTime}, {anID, "a/b@c", aTime}, {anID, "a@b\n", aTime},
		{anID, strings.Repeat("a", 199) + "@b", aTime}, {anID, anMail, ""}, {anID, anMail, "2026-11-23T01:02:03"},
		{anID, anMail, "2026-11-23T01:02:03.0Z"}, {anID, anMail, "2026-13-23T01:02:03Z"}, {anID, anMail, "../x"},
	} {
		if got, err := ParseKey(bad[0], bad[1], bad[2]); !errors.Is(err, ErrInvalid) || got != (Key{}) {
			t.Errorf("%q: got %+v, %v", bad, got, err)
		}
		if got, err := ParsePath("metadata/" + strings.Join(bad[:], "/")); err == nil {
			t.Errorf("%q as a path: got %+v", bad, got)
		}
	}
}

func TestVerify(t *testing.T) {
	src := signed(t)
	e, err := Verify(src)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []Key{e.Key, e.AsVariant().Key} {
		if got, err := VerifyAs(k, src); err != nil || got.Key != k {
			t.Errorf("as %s: %+v, %v", k.Path(), got, err)
		}
	}
	for name, k := range map[string]Key{
		"identifier": {"A" + e.Identifier[1:], e.Email, e.Created, ""},
		"address":    {e.Identifier, "x" + e.Email, e.Created, ""},
		"time":       {e.Identifier, e.Email, aTime, ""},
		"variant":    {e.Identifier, e.Email, e.Created, strings.Repeat("0a", 32)},
	} {
		if _, err := VerifyAs(k, src); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), e.Path()) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	var bad *signature.Error
	if _, err := Verify(src[1:]); !errors.Is(err, ErrInvalid) || !errors.As(err, &bad) {
		t.Errorf("broken: %v", err)
	}
}

func TestAdmit(t *testing.T) {
	e, err := Verify(signed(t))
	if err != nil {
		t.Fatal(err)
	}
	created := e.Endorsed.Created
	tests := map[string]struct {
		latest string
		now    time.Time
		want   string
	}{
		"the first":              {"", created, ""},
		"newer":                  {"2000-01-01T00:00:00Z", created, ""},
		"of the same second":     {e.Created, created, "older than latest"},
		"older":                  {"9999-01-01T00:00:00Z", created, "older than latest"},
		"five minutes too early": {"", created.Add(-Slack), ""},
		"earlier still":          {"", created.Add(-Slack - time.Second), "dated in the future"},
	}
	for name, test := range tests {
		err := e.Admit(test.latest, test.now)
		var not *NotAdmitted
		if test.want == "" && err != nil || test.want != "" && (!errors.As(err, &not) || !strings.Contains(not.Reason, test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestSummary(t *testing.T) {
	e, err := Verify(signed(t))
	if err != nil {
		t.Fatal(err)
	}
	s := e.Summary()
	if s.Key != e.Key || s.Bytes != 12 || s.Kind != "" || len(s.Locations) != 1 || s.Subject == "" || len(s.Fingerprint) != 32*3-1 {
		t.Errorf("got %+v", s)
	}
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for want, s := range map[Status]Summary{
		Valid:      {Valid: "2026-11-23T00:00:01Z"},
		Expired:    {Valid: "2026-11-23T00:00:00Z"},
		Deprecated: {Valid: "2027-11-23T00:00:00Z", Deprecated: "x"},
	} {
		if got := s.Status(at); got != want {
			t.Errorf("%+v: got %s, want %s", s, got, want)
		}
	}
	if got := (Summary{}).Status(at); got != Expired {
		t.Errorf("without a time: %s", got)
	}
}

func TestQuery(t *testing.T) {
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	s := Summary{Key: Key{anID, anMail, aTime, ""}, Tag: "t", Valid: "2099-01-01T00:00:00Z"}
	tests := map[string]struct {
		q    Query
		want bool
	}{
		"nothing":            {Query{}, true},
		"everything":         {Query{Identifier: anID, Email: anMail, Created: aTime, Tag: "t", Status: Valid}, true},
		"another identifier": {Query{Identifier: "x"}, false},
		"another address":    {Query{Email: "x"}, false},
		"another time":       {Query{Created: "x"}, false},
		"another tag":        {Query{Tag: "x"}, false},
		"another status":     {Query{Status: Expired}, false},
		"function":           {Query{Where: func(s Summary) bool { return s.Tag == "x" }}, false},
	}
	for name, test := range tests {
		if got := test.q.Matches(s, at); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
