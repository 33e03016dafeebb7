package main

import (
	"fmt"
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

// rows returns the titles in the list of the page.
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

// file writes a document that is to be uploaded.
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
	features := []object{{"name": "prefers-color-scheme", "value": scheme}}
	b.devtools("Emulation.setEmulatedMedia", object{"features": features})
	b.run(`return getComputedStyle(document.body).backgroundColor + " " + getComputedStyle(document.body).color`, &colour)
	return colour
}

func TestBrowserUpload(t *testing.T) {
	p := start(t, t.TempDir())
	ada := entrytest.NewEndorser(t, "ada@example.org")
	described := entrytest.Description{Content: "one", Texts: map[metadata.Term]string{
		metadata.Title: `Web <script>document.title = "forged"</script>`, metadata.Description: "A web server.",
		metadata.OS: "debian", metadata.OSVersion: "12", metadata.OSArch: "x86_64",
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
	fingerprint := good.Summary().Fingerprint
	for _, shown := range []string{good.Identifier, good.Email, good.Created, fingerprint, "A web server.", "debian"} {
		if source := b.text(b.find(`//main`)); !strings.Contains(source, shown) {
			t.Errorf("the page of the entry does not show %q: %q", shown, source)
		}
	}
	b.looks("entry")
	b.click(b.find(`//nav//a[.="Images"]`))
	b.counted("1 of 1 images")
	var failed []string
	b.run(`return performance.getEntriesByType('resource')
		.filter(r => r.responseStatus >= 400).map(r => r.name)`, &failed)
	if len(failed) > 0 {
		t.Errorf("not loaded: %q", failed)
	}
	if light, dark := b.colour("light"), b.colour("dark"); light == dark {
		t.Errorf("light and dark look alike: %s", light)
	}
}

// TestBrowserSearch: the static page searches as one types, whoever serves it. Without
// JavaScript it shows the latest entries.
func TestBrowserSearch(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, dir)
	all := []string{"Four", "Three", "One, too", "Two", "One <b>&amp;"}
	for name, base := range map[string]string{"server": start(t, dir).url, "nginx": startNginx(t, dir)} {
		t.Run(name, func(t *testing.T) {
			b := startBrowser(t, true)
			b.open(base + "/metadata/")
			b.counted("5 of 5 images")
			if diff := cmp.Diff(all, b.rows()); diff != "" {
				t.Errorf("at first (-want +got):\n%s", diff)
			}
			b.looks("list-" + name)
			b.enter(b.find(`//input[@name="words"]`), "TOO debian")
			// If the keys come slowly, "TOO" alone has been searched before.
			var typed bool
			b.run(`return new Promise(done => {
				const look = () => new URLSearchParams(location.search).get('words') === 'TOO debian' ? done(true) : setTimeout(look, 10);
				look();
			})`, &typed)
			b.counted("1 of 1 images")
			if diff := cmp.Diff(all[2:3], b.rows()); diff != "" {
				t.Errorf("after typing (-want +got):\n%s", diff)
			}
			b.enter(b.find(`//input[@name="words"]`), "\ue009a\ue000\ue003") // Control-A, Backspace
			b.counted("5 of 5 images")                                       // so that "1 of 1" is not that of the words
			b.click(b.find(`//select[@name="status"]/option[.="expired"]`))
			b.counted("1 of 1 images")
			b.looks("search-" + name)
			b.open(base + "/metadata/" + s.bob[0].Email)
			b.counted("2 of 2 images")
			b.click(b.find(`//a[.="One, too"]`))
			b.find(`//dialog[@open]//h2[.="One, too"]`)
			b.looks("entry-" + name)
		})
	}
	t.Run("without JavaScript", func(t *testing.T) {
		b := startBrowser(t, false)
		b.open(start(t, dir).url)
		b.counted("The latest 5 of 6 entries")
		b.click(b.find(`//a[.="One, too"]`)) // which leads to the page of the entry
		b.find(`//h1[.="One, too"]`)
		b.screenshot("entry-without-script")
	})
	t.Run("an entry of nginx", func(t *testing.T) {
		b := startBrowser(t, true)
		b.open(startNginx(t, dir) + "/" + s.hidden.URLPath())
		b.find(`//dialog[@open]//h2[.="The old one"]`)
		b.find(`//dialog[@open]//a[contains(., "newer entry")]`)
	})
}

// TestBrowserOlder: a search goes on in the older pages of the log, as they are once
// they are full, and several searches at once read each of them once.
func TestBrowserOlder(t *testing.T) {
	if testing.Short() {
		t.Skip("publishes more than one page of the log (-short)")
	}
	dir := t.TempDir()
	ada := entrytest.NewEndorser(t, "ada@example.org")
	publish := func(from, to int) {
		for n := from; n < to; n++ {
			title := fmt.Sprintf("Number %03d.", n)
			texts := map[metadata.Term]string{metadata.Title: title}
			publishtest.Into(t, dir, ada.Entry(t, entrytest.Description{Content: title, Created: ago(time.Hour), Texts: texts}))
		}
	}
	publish(0, 250)
	site := startNginx(t, dir) + "/"
	b := startBrowser(t, true)
	b.open(site)
	b.counted("50 of 250 images")
	publish(250, 310)
	b.open(site + "?words=Number+252.")
	b.counted("1 of 1 images")
	b.open(site)
	b.counted("50 of 54 images, older ones not looked through")
	var sizes []int
	b.run(`form.elements.words.value = 'nothing';
		return Promise.all([search(), search()])
			.then(() => [series.size, Math.max(...[...series.values()].map(s => s.length))])`, &sizes)
	if diff := cmp.Diff([]int{310, 1}, sizes); diff != "" {
		t.Errorf("series, and entries of the longest (-want +got):\n%s", diff)
	}
	b.open(site)
	b.enter(b.find(`//input[@name="words"]`), "Number 007.")
	b.counted("1 of 1 images")
	if diff := cmp.Diff([]string{"Number 007."}, b.rows()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.click(b.find(`//a[.="Number 007."]`))
	b.find(`//dialog[@open]//h2[.="Number 007."]`)
}
