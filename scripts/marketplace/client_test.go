package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/lib/marketplace"
	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/marketplace/entrytest"
	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/remote"
)

// TestClient: what uploads and finds images works with the server, also below a
// path of a proxy.
func TestClient(t *testing.T) {
	p := start(t, t.TempDir())
	target, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.StripPrefix("/marketplace", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Prefix", "/marketplace")
	}}))
	defer proxy.Close()
	ada := entrytest.NewEndorser(t, "ada@example.org")
	for name, base := range map[string]string{"directly": p.url, "proxy": proxy.URL + "/marketplace"} {
		t.Run(name, func(t *testing.T) {
			finder, err := marketplace.Open(t.Context(), base, remote.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = finder.Close() }()
			publisher, err := publish.Open(t.Context(), base, remote.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = publisher.Close() }()
			tag := map[metadata.Term]string{metadata.Alternative: "a tag/" + name}
			old := ada.Entry(t, entrytest.Description{Content: name, Created: ago(time.Hour)})
			e := ada.Entry(t, entrytest.Description{Content: name, Texts: tag})
			for _, existed := range []bool{false, true} {
				receipt, err := publisher.Publish(t.Context(), e)
				if err != nil || receipt.URL != base+"/"+e.URLPath() || receipt.Existed != existed {
					t.Errorf("published: %+v, %v; want %s, existed %t", receipt, err, base+"/"+e.URLPath(), existed)
				}
			}
			var answer *marketplace.Answer
			_, err = publisher.Publish(t.Context(), old)
			if !errors.Is(err, remote.ErrRefused) || !errors.As(err, &answer) || answer.Status != 400 {
				t.Errorf("an older one: %v", err)
			}
			for what, q := range map[string]entry.Query{
				"image":              {Identifier: e.Identifier},
				"image and endorser": {Identifier: e.Identifier, Email: e.Email},
				"key":                {Identifier: e.Identifier, Email: e.Email, Created: e.Created},
				"tag":                {Email: e.Email, Tag: "a tag/" + name},
				"valid":              {Status: entry.Valid, Tag: "a tag/" + name},
			} {
				var found []string
				for got, err := range finder.Find(t.Context(), q) {
					if err != nil {
						t.Fatalf("finding by %s: %v", what, err)
					}
					found = append(found, got.Path())
				}
				if diff := cmp.Diff([]string{e.Path()}, found); diff != "" {
					t.Errorf("found by %s (-want +got):\n%s", what, diff)
				}
			}
			for e, err := range finder.Find(t.Context(), entry.Query{Email: "eve@example.org"}) {
				t.Errorf("found of nobody: %v, %v", e, err)
			}
		})
	}
}
