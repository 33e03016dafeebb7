package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publishtest"
	"github.com/stratuslab/stratus/lib/metadata"
)

// rows gives the titles in the list of the page.
func (b *browser) rows() (titles []string) {
	b.t.Helper()
	b.run(`return [...document.querySelectorAll('#results tbody tr')].filter(row => !row.hidden)
		.map(row => row.querySelector('[data-field=title]').textContent)`, &titles)
	return titles
}

// counted waits until the page says how many images it shows.
func (b *browser) counted(text string) {
	b.t.Helper()
	b.find(`//*[@id="count"][starts-with(normalize-space(.), "` + text + `")]`)
}

// file writes a document to upload.
func file(t *testing.T, body []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "image.xml")
	if err := os.WriteFile(name, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// looks takes pictures of the page in light and dark, on a desk and on a phone,
// and makes sure that nothing is wider than the phone.
func (b *browser) looks(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.devtools("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}})
		b.screenshot(name + "-" + scheme)
		b.devtools("Emulation.setDeviceMetricsOverride", object{"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true})
		b.screenshot(name + "-" + scheme + "-phone")
		var width int
		b.run(`return document.documentElement.scrollWidth`, &width)
		if width > 360 {
			b.t.Errorf("%s: the page is %d wide on a phone of 360", name, width)
		}
		b.devtools("Emulation.clearDeviceMetricsOverride", object{})
	}
	b.devtools("Emulation.setEmulatedMedia", object{"features": []object{}})
}

// colour is the background of the page.
func (b *browser) colour(scheme string) (colour string) {
	b.t.Helper()
	b.devtools("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}})
	b.run(`return getComputedStyle(document.body).backgroundColor + " " + getComputedStyle(document.body).color`, &colour)
	return colour
}

func TestBrowserUpload(t *testing.T) {
	p := start(t, t.TempDir())
	ada := entrytest.NewEndorser(t, "ada@example.org")
	described := entrytest.Description{Content: "one", Texts: map[metadata.Term]string{
		metadata.Title: `Web <script>document.title = "forged"</script>`, metadata.OS: "debian", metadata.OSVersion: "12", metadata.OSArch: "x86_64",
		metadata.Description: "A web server.",
	}}
	good := ada.Entry(t, described)
	b := startBrowser(t, true)
	b.open(p.url)
	b.click(b.find(`//nav//a[.="Upload"]`))
	b.enter(b.find(`//input[@type="file"]`), file(t, []byte(strings.Replace(string(good.Source), ">12<", ">13<", 1))))
	b.looks("upload")
	b.click(b.find(`//form//button`))
	if why := b.text(b.find(`//*[@role="alert"]`)); !strings.Contains(why, "refused") || !strings.Contains(why, "digest") {
		t.Errorf("the refused upload says %q", why)
	}
	b.looks("refused")
	b.enter(b.find(`//input[@type="file"]`), file(t, good.Source))
	b.click(b.find(`//form//button`))
	b.find(`//*[@role="status"][contains(., "The entry is in the Marketplace.")]`)
	b.looks("uploaded")
	b.click(b.find(`//a[.="` + p.url + "/" + good.URLPath() + `"]`))
	b.find(`//h1[contains(., "Web <script>")]`)
	if title := b.property("title"); !strings.HasPrefix(title, "Web <script>") {
		t.Errorf("the title of the page is %q", title)
	}
	for _, shown := range []string{good.Identifier, good.Email, good.Created, good.Summary().Fingerprint, "A web server.", "debian"} {
		if source := b.text(b.find(`//main`)); !strings.Contains(source, shown) {
			t.Errorf("the page of the entry does not show %q: %q", shown, source)
		}
	}
	b.looks("entry")
	b.click(b.find(`//nav//a[.="Images"]`))
	b.counted("1 image")
	var failed []string
	b.run(`return performance.getEntriesByType('resource').filter(r => r.responseStatus >= 400).map(r => r.name)`, &failed)
	if len(failed) > 0 {
		t.Errorf("not loaded: %q", failed)
	}
	if light, dark := b.colour("light"), b.colour("dark"); light == dark {
		t.Errorf("light and dark look alike: %s", light)
	}
}

func TestBrowserSearch(t *testing.T) {
	dir := t.TempDir()
	newSite(t, dir)
	p := start(t, dir)
	all := []string{"One, too", "Two", "One <b>&amp;"}
	t.Run("as one types", func(t *testing.T) {
		b := startBrowser(t, true)
		b.open(p.url + "/metadata/")
		b.counted("3 images")
		b.looks("list")
		b.enter(b.find(`//input[@name="title"]`), "TOO")
		b.counted("1 image")
		if diff := cmp.Diff(all[:1], b.rows()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !strings.HasSuffix(b.property("url"), "?title=TOO&status=valid") {
			t.Errorf("the address is %q", b.property("url"))
		}
		b.click(b.find(`//select[@name="status"]/option[.="all"]`))
		b.enter(b.find(`//input[@name="title"]`), "\ue009a\ue000\ue003") // Control-A, Backspace
		b.counted("5 images")
		b.looks("search")
	})
	t.Run("without JavaScript", func(t *testing.T) {
		b := startBrowser(t, false)
		b.open(p.url + "/metadata/")
		b.enter(b.find(`//input[@name="endorser"]`), "ADA@")
		b.click(b.find(`//form//button`))
		b.counted("2 images")
		if !strings.Contains(b.property("url"), "endorser=ADA%40") {
			t.Errorf("the address is %q", b.property("url"))
		}
		b.find(`//input[@name="endorser"][@value="ADA@"]`)
		b.screenshot("search-without-script")
	})
	t.Run("in files", func(t *testing.T) {
		nginx := startNginx(t, dir)
		b := startBrowser(t, true)
		b.open(nginx + "/")
		b.counted("5 of ")
		b.looks("static")
		b.enter(b.find(`//input[@name="title"]`), "too")
		b.counted("1 of 5 images")
		if diff := cmp.Diff(all[:1], b.rows()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		b.click(b.find(`//a[.="One, too"]`))
		b.find(`//h1[.="One, too"]`)
		b.looks("static-entry")
		b.click(b.find(`//nav//a[.="Endorsers"]`))
		b.find(`//main[contains(., "ada@example.org")]`)
		b.looks("static-endorsers")
	})
}

// TestBrowserOlder: in files, the search goes on in older pages.
func TestBrowserOlder(t *testing.T) {
	if testing.Short() {
		t.Skip("publishes a hundred entries (-short)")
	}
	dir := t.TempDir()
	ada := entrytest.NewEndorser(t, "ada@example.org")
	for n := range 100 {
		title := "Number " + string(rune('A'+n/26)) + string(rune('a'+n%26))
		publishtest.Into(t, dir, ada.Entry(t, entrytest.Description{Content: title, Created: ago(time.Hour), Texts: map[metadata.Term]string{metadata.Title: title}}))
	}
	b := startBrowser(t, true)
	b.open(startNginx(t, dir) + "/metadata/")
	b.enter(b.find(`//input[@name="title"]`), "Number Ab")
	b.counted("1 of 100 images")
	if diff := cmp.Diff([]string{"Number Ab"}, b.rows()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.click(b.find(`//a[.="Number Ab"]`))
	b.find(`//h1[.="Number Ab"]`)
}
