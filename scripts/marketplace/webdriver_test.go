package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// browser is a session of Chromium, driven by the WebDriver protocol.
type browser struct {
	t       *testing.T
	session string // URL
}

var driverPort = regexp.MustCompile(`started successfully on port (\d+)`)

// startBrowser starts Chromium without a window.
func startBrowser(t *testing.T, script bool) *browser {
	t.Helper()
	peers.Need(t, "chromium", "chromedriver")
	cmd := exec.Command("chromedriver", "--port=0")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	port := ""
	for port == "" && lines.Scan() {
		if found := driverPort.FindStringSubmatch(lines.Text()); found != nil {
			port = found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	b := &browser{t: t}
	t.Cleanup(func() {
		if b.session != "" {
			_ = b.call(http.MethodDelete, b.session, nil, nil) // which ends Chromium
		}
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	javascript := 1 // allowed
	if !script {
		javascript = 2
	}
	var created struct {
		SessionID string `json:"sessionId"`
	}
	server := "http://127.0.0.1:" + port + "/session"
	err = b.call(http.MethodPost, server, object{"capabilities": object{"alwaysMatch": object{
		"timeouts": object{"implicit": 10_000, "pageLoad": 30_000, "script": 10_000}, // milliseconds
		"goog:chromeOptions": object{
			"args": []string{
				"--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900", "--user-data-dir=" + t.TempDir(),
			},
			"prefs": object{"profile.managed_default_content_settings.javascript": javascript},
		},
	}}}, &created)
	if err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	b.session = server + "/" + created.SessionID
	return b
}

type object = map[string]any

// call sends a command and reads the value of the answer.
func (b *browser) call(method, address string, arguments object, value any) error {
	var body io.Reader
	if method == http.MethodPost {
		encoded, err := json.Marshal(arguments)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var failure struct{ Message string }
		_ = json.Unmarshal(answer.Value, &failure)
		return fmt.Errorf("%s %s: %s: %.300s", method, address, resp.Status, failure.Message)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, value)
}

func (b *browser) post(path string, arguments object, value any) {
	b.t.Helper()
	if err := b.call(http.MethodPost, b.session+path, arguments, value); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) open(address string) {
	b.t.Helper()
	b.post("/url", object{"url": address}, nil)
}

// property asks for the title, the url or the source of the page.
func (b *browser) property(name string) (text string) {
	b.t.Helper()
	if err := b.call(http.MethodGet, b.session+"/"+name, nil, &text); err != nil {
		b.t.Fatal(err)
	}
	return text
}

// element is the path of an element in the session.
type element string

// find waits until there is an element, for at most the time of the session.
func (b *browser) find(xpath string) element {
	b.t.Helper()
	var reference map[string]string
	if err := b.call(http.MethodPost, b.session+"/element", object{"using": "xpath", "value": xpath}, &reference); err != nil {
		b.screenshot("failed")
		b.t.Fatalf("%v\n%s", err, b.property("source"))
	}
	for _, id := range reference {
		return element("/element/" + id)
	}
	b.t.Fatalf("no element %q", xpath)
	return ""
}

func (b *browser) click(e element) { b.t.Helper(); b.post(string(e)+"/click", object{}, nil) }

// enter types text; into a field for a file it is its path.
func (b *browser) enter(e element, text string) {
	b.t.Helper()
	b.post(string(e)+"/value", object{"text": text}, nil)
}

func (b *browser) text(e element) (text string) {
	b.t.Helper()
	if err := b.call(http.MethodGet, b.session+string(e)+"/text", nil, &text); err != nil {
		b.t.Fatal(err)
	}
	return text
}

// run runs a script in the page, and reads what it returns.
func (b *browser) run(script string, value any) {
	b.t.Helper()
	b.post("/execute/sync", object{"script": script, "args": []any{}}, value)
}

// devtools sends a command of the Chrome DevTools protocol.
func (b *browser) devtools(command string, parameters object) {
	b.t.Helper()
	b.post("/goog/cdp/execute", object{"cmd": command, "params": parameters}, nil)
}

// screenshot saves a picture of the page, if somebody wants to look at it.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("STRATUS_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := base64.StdEncoding.DecodeString(b.property("screenshot"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
