package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var started = time.Date(2026, 11, 22, 10, 0, 0, 0, time.FixedZone("", 3600))

func savedReport() *Report {
	return &Report{
		Title: "Web server", Base: "jane@example.org/debian-12", Host: "builder",
		Started: started, Ended: started.Add(12*time.Minute + 3500*time.Millisecond),
		Image: &Image{Path: "/srv/web server.qcow2", Identifier: "MMZu9WvwKIro-rtBQfDk4PsKO7_", Draft: []byte("<a>&</a>\n")},
	}
}

func failedReport() *Report {
	r := savedReport()
	r.Image = nil
	r.Failure = &Failure{
		Phase: "running scripts", Cause: "running \"setup.sh\": exit code 1\nsetup.sh: \x1b[31mno\n",
		Console: []string{"login:", "\x1b]0;evil\a panic", "spoof\n\nNext"},
	}
	return r
}

func TestText(t *testing.T) {
	named := savedReport()
	named.Image.DraftPath, named.Endpoint = "/tmp/-web.xml", "https://marketplace.example.org"
	tried := savedReport()
	tried.Image = nil
	for name, test := range map[string]struct {
		report        *Report
		subject, text string
	}{
		"saved": {savedReport(), "Image built: Web server", `The image "Web server" is built.

identifier  MMZu9WvwKIro-rtBQfDk4PsKO7_
image       /srv/web server.qcow2
location    file://builder/srv/web%20server.qcow2
base        jane@example.org/debian-12
host        builder
ended       2026-11-22T09:12:03Z
took        12m4s

Its description is attached. To publish the image, save it as "web server.xml"
and put the address where others will find it in place of URL:

  stratus-build-metadata --draft 'web server.xml' --location URL -o 'web server.located.xml'
  stratus-sign-metadata -o 'web server.signed.xml' 'web server.located.xml'
  stratus-upload-metadata 'web server.signed.xml'
`},
		"with names": {named, "Image built: Web server", `The image "Web server" is built.

identifier  MMZu9WvwKIro-rtBQfDk4PsKO7_
image       /srv/web server.qcow2
location    file://builder/srv/web%20server.qcow2
base        jane@example.org/debian-12
host        builder
ended       2026-11-22T09:12:03Z
took        12m4s

Its description is attached. To publish the image, save it as "-web.xml"
and put the address where others will find it in place of URL:

  stratus-build-metadata --draft ./-web.xml --location URL -o ./-web.located.xml
  stratus-sign-metadata -o ./-web.signed.xml ./-web.located.xml
  stratus-upload-metadata --marketplace-endpoint https://marketplace.example.org ./-web.signed.xml
`},
		"tried": {tried, "Image tried, not saved: Web server", `The image "Web server" was built as a trial; nothing was saved.

base        jane@example.org/debian-12
host        builder
ended       2026-11-22T09:12:03Z
took        12m4s
`},
		"failed": {failedReport(), "Image not built: Web server (running scripts)", `The image "Web server" could not be built.

failed at   running scripts
base        jane@example.org/debian-12
host        builder
ended       2026-11-22T09:12:03Z
took        12m4s

The cause:

  running "setup.sh": exit code 1
  setup.sh: �[31mno

The last lines of the machine's console:

  | login:
  | �]0;evil� panic
  | spoof��Next
`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.report.Subject(); got != test.subject {
				t.Errorf("subject %q, want %q", got, test.subject)
			}
			if diff := cmp.Diff(test.text, test.report.Text()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDraftName(t *testing.T) {
	for _, test := range []struct{ path, draft, want string }{
		{"/a/web.qcow2", "", "web.xml"},
		{"/a/web-1.0.raw.GZ", "", "web-1.0.xml"},
		{"/a/disk.zst", "", "disk.xml"},
		{"/a.b/disk", "", "disk.xml"},
		{"/a/web.qcow2", "/b/own.rdf", "own.rdf"},
	} {
		if got := (&Image{Path: test.path, DraftPath: test.draft}).DraftName(); got != test.want {
			t.Errorf("%q, %q: %q, want %q", test.path, test.draft, got, test.want)
		}
	}
}

func TestName(t *testing.T) {
	r := savedReport()
	r.Title = ""
	if got, want := r.Subject(), "Image built: web server.qcow2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.Image = nil
	if got, want := r.Subject(), "Image tried, not saved: made of jane@example.org/debian-12"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestBounds makes sure that a guest cannot fill a mail, or forge it.
func TestBounds(t *testing.T) {
	r := failedReport()
	r.Title = "x\r\nBcc: eve@example.org " + strings.Repeat("é", 500)
	r.Failure.Cause = strings.Repeat(strings.Repeat("ö", 5000)+"\n", 1000)
	r.Failure.Console = make([]string, 10_000)
	r.Failure.Console[9_999] = "the end " + strings.Repeat("ü", 100_000)
	text := r.Text()
	if len(text) > maxCause+(maxConsole+20)*maxLine || !utf8.ValidString(text) || !strings.Contains(text, "  | the end ü") {
		t.Errorf("%d bytes: %.2000q", len(text), text)
	}
	if subject := r.Subject(); utf8.RuneCountInString(subject) != maxSubject ||
		!strings.HasPrefix(subject, "Image not built: x Bcc: eve@example.org é") ||
		!utf8.ValidString(subject) {
		t.Errorf("subject %q", subject)
	}
	data, err := r.JSON()
	if err != nil || strings.Count(string(data), "\n") != 1 {
		t.Errorf("%v: %.2000q", err, data)
	}
}

// timedReport returns a report with phases.
func timedReport() *Report {
	r := failedReport()
	r.Failure.Console = nil
	r.Phases = []Phase{{"starting the machine", 1500 * time.Millisecond}, {"running scripts", 722 * time.Second}}
	return r
}

func TestWriteTimings(t *testing.T) {
	var b strings.Builder
	if err := timedReport().WriteTimings(&b); err != nil {
		t.Fatal(err)
	}
	want := "    1.50 s  starting the machine\n  722.00 s  running scripts\n  723.50 s  in all\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestJSON(t *testing.T) {
	for name, test := range map[string]struct {
		report *Report
		want   string
	}{
		"saved": {savedReport(), `{"outcome":"saved","title":"Web server","base":"jane@example.org/debian-12","host":"builder",` +
			`"started":"2026-11-22T09:00:00Z","ended":"2026-11-22T09:12:03.5Z","seconds":723.5,` +
			`"identifier":"MMZu9WvwKIro-rtBQfDk4PsKO7_","image":"/srv/web server.qcow2",` +
			`"location":"file://builder/srv/web%20server.qcow2","draft":"<a>&</a>\n","draft_name":"web server.xml",` +
			`"next":["stratus-build-metadata --draft 'web server.xml' --location URL -o 'web server.located.xml'",` +
			`"stratus-sign-metadata -o 'web server.signed.xml' 'web server.located.xml'",` +
			`"stratus-upload-metadata 'web server.signed.xml'"]}` + "\n"},
		"failed": {failedReport(), `{"outcome":"failed","title":"Web server","base":"jane@example.org/debian-12","host":"builder",` +
			`"started":"2026-11-22T09:00:00Z","ended":"2026-11-22T09:12:03.5Z","seconds":723.5,` +
			`"failure":{"phase":"running scripts","cause":"running \"setup.sh\": exit code 1\nsetup.sh: \u001b[31mno\n",` +
			`"console":["login:","\u001b]0;evil\u0007 panic","spoof\n\nNext"]}}` + "\n"},
		"with phases": {timedReport(), `{"outcome":"failed","title":"Web server",` +
			`"base":"jane@example.org/debian-12","host":"builder",` +
			`"started":"2026-11-22T09:00:00Z","ended":"2026-11-22T09:12:03.5Z","seconds":723.5,` +
			`"phases":[{"phase":"starting the machine","seconds":1.5},{"phase":"running scripts","seconds":722}],` +
			`"failure":{"phase":"running scripts",` +
			`"cause":"running \"setup.sh\": exit code 1\nsetup.sh: \u001b[31mno\n"}}` + "\n"},
	} {
		got, err := test.report.JSON()
		if err != nil || !json.Valid(got) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
