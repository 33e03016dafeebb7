package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/peers"
	"github.com/stratuslab/stratus/stratus-create-image/internal/notify/smtpdtest"
)

// mailServer starts a mail server that wants TLS and a login, and gives the
// options of who uses it.
func mailServer(t *testing.T) (server *smtpdtest.Server, options []string) {
	t.Helper()
	certificate, root := smtpdtest.Certificate(t)
	const password = "hunter2 é"
	server = smtpdtest.Start(t, smtpdtest.Options{TLS: "starttls", Certificate: certificate, User: "jane", Password: password})
	file := t.TempDir() + "/password"
	writeFile(t, file, password+"\n", 0o600)
	return server, []string{"--notify", "--author-email", jane, "--mail-from", "builds@example.org", "--ca-file", root,
		"--smtp-server", "smtp://127.0.0.1:" + server.Port, "--smtp-username", "jane", "--smtp-password-file", file}
}

// receive gives the mail that the build says it has sent.
func receive(t *testing.T, b *child, server *smtpdtest.Server) smtpdtest.Parsed {
	t.Helper()
	if !strings.Contains(b.stderr.String(), "mail is sent to "+jane) {
		t.Fatalf("no mail is sent:\n%s", b.stderr.String())
	}
	mail := server.Next(t)
	want := smtpdtest.Mail{From: "builds@example.org", To: []string{jane}, TLS: true, User: "jane", Data: mail.Data}
	if diff := cmp.Diff(want, mail); diff != "" {
		t.Errorf("the envelope (-want +got):\n%s", diff)
	}
	return smtpdtest.Parse(t, mail.Data)
}

// field is a line of a mail, "NAME  VALUE".
func field(mail smtpdtest.Parsed, name string) string {
	if found := regexp.MustCompile(`(?m)^` + name + ` {2,}(.*)$`).FindStringSubmatch(mail.Text); found != nil {
		return found[1]
	}
	return ""
}

// identifierOf is that of a draft, which is checked.
func identifierOf(t *testing.T, draft []byte) string {
	t.Helper()
	_, is := parseDraft(t, draft)
	return metadata.IdentifierOf(is.SHA1)
}

// checkTook compares how long a build took, by its mail, with how long it was
// waited for.
func checkTook(t *testing.T, mail smtpdtest.Parsed, waited time.Duration) {
	t.Helper()
	took, err := time.ParseDuration(field(mail, "took"))
	if err != nil || took > waited.Round(time.Second) || took < waited/2 {
		t.Errorf("it took %v, %v; it was waited for %v", took, err, waited)
	}
}

// checkMailed reads the mail of a build that has made an image, and does as it
// says.
func checkMailed(t *testing.T, b *child, server *smtpdtest.Server, image string, waited time.Duration) {
	t.Helper()
	mail := receive(t, b, server)
	t.Logf("%s\n\n%s", mail.Subject, mail.Text)
	stem := strings.TrimSuffix(filepath.Base(image), filepath.Ext(image))
	if mail.Subject != "Image built: Packages" || mail.Data != b.stdout.String() || mail.Name != stem+".xml" {
		t.Errorf("subject %q, attached %q with %d bytes, want the draft's %d", mail.Subject, mail.Name, len(mail.Data), b.stdout.Len())
	}
	id := identifierOf(t, []byte(mail.Data))
	if field(mail, "identifier") != id || field(mail, "image") != image {
		t.Errorf("the mail names the image %q at %q, want %q at %q", field(mail, "identifier"), field(mail, "image"), id, image)
	}
	checkTook(t, mail, waited)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, mail.Name), mail.Data, 0o644)
	paste(t, dir, strings.Join(regexp.MustCompile(`(?m)^  stratus-.*$`).FindAllString(mail.Text, -1), "\n"))
	market := dir + "/market" // unless the mail names the one that the build knew
	if named := regexp.MustCompile(`--marketplace-endpoint (\S+)`).FindStringSubmatch(mail.Text); named != nil {
		market = named[1]
	}
	if published, err := filepath.Glob(market + "/metadata/" + id + "/*/*Z"); err != nil || len(published) == 0 {
		t.Errorf("nothing is published, %v", err)
	}
}

// paste has the commands of a mail publish its image, with the real programs.
func paste(t *testing.T, dir, commands string) {
	t.Helper()
	peers.Build(t, dir+"/bin", "../stratus-build-metadata", "../stratus-sign-metadata", "../stratus-upload-metadata")
	p12, err := filepath.Abs("../lib/testdata/vectors/rsa-san.p12")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-eu", "-c", strings.ReplaceAll(commands, " URL ", " https://example.org/packages.qcow2 "))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+"/bin:"+os.Getenv("PATH"), "HOME="+dir,
		"STRATUSLAB_P12_CERTIFICATE="+p12, "STRATUSLAB_P12_PASSWORD=vector-pass", "STRATUSLAB_MARKETPLACE_ENDPOINT="+dir+"/market")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s\n%v:\n%s", commands, err, out)
	}
}

// checkFailureMailed reads the mail of a build whose script has failed.
func checkFailureMailed(t *testing.T, b *child, server *smtpdtest.Server, waited time.Duration) {
	t.Helper()
	mail := receive(t, b, server)
	t.Logf("%s\n\n%s", mail.Subject, mail.Text)
	if !strings.HasPrefix(mail.Subject, "Image not built: Never") || mail.Name+mail.Data != "" {
		t.Errorf("subject %q, attached %q", mail.Subject, mail.Name)
	}
	if phase := field(mail, "failed at"); phase == "" || !strings.Contains(mail.Subject, "("+phase+")") {
		t.Errorf("it failed at %q, subject %q", phase, mail.Subject)
	}
	const says = `The cause:\n\n  running the script "three.sh": .*exit status 3` +
		`[\s\S]*last lines of the machine's console:\n\n(  \| .*\n)*  \| the last words\n`
	if !regexp.MustCompile(says).MatchString(mail.Text) {
		t.Error("the mail does not tell the cause and the end of the console")
	}
	checkTook(t, mail, waited)
}

// checkUnsent looks for the mail that no server took, beside the image, and for
// what the command of --notify-command was told.
func checkUnsent(t *testing.T, b *child, image, told string) {
	t.Helper()
	kept := image + ".eml"
	says := `warning: the mail to ` + regexp.QuoteMeta(jane) + ` is not sent: .*connection refused` +
		`[\s\S]*warning: the mail is kept: "` + regexp.QuoteMeta(kept) + `"`
	if !regexp.MustCompile(says).MatchString(b.stderr.String()) {
		t.Error("nothing says that a mail is not sent, and kept")
	}
	message, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	id, draft := identifierOf(t, b.stdout.Bytes()), b.stdout.String()
	if mail := smtpdtest.Parse(t, message); mail.Data != draft || field(mail, "identifier") != id {
		t.Errorf("the kept mail has %d bytes attached, want %d, of the image %q", len(mail.Data), len(draft), field(mail, "identifier"))
	}
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the kept mail: %v, %v", info.Mode(), err)
	}
	object, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	got := struct {
		Outcome, Identifier, Image, Draft string
		Seconds                           float64
		Next                              []string
	}{}
	if err := json.Unmarshal(object, &got); err != nil {
		t.Fatal(err)
	}
	names := got.Identifier == id && got.Image == image && got.Draft == draft
	if !names || got.Outcome != "saved" || got.Seconds < 1 || len(got.Next) != 3 {
		t.Errorf("the command is told %s", object)
	}
}
