package main

import (
	"net/http"
	"testing"
)

// TestNginxAlone asks for what files answer differently: in the one form that
// there is of it.
func TestNginxAlone(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, dir)
	nginx := startNginx(t, dir)
	email := s.ada[0].Email
	for path, want := range map[string]expected{
		"/endorsers/" + email:                                      {200, asXML},
		"/endorsers/" + email + "/":                                {200, asXML},
		"/endorsers/" + email + "?range=7":                         {200, asXML},
		"/endorsers/" + email + "/tags":                            {200, asXML},
		"/endorsers/eve@example.org":                               {404, asHTML},
		"/endorsers/eve@example.org?range=7":                       {404, asHTML},
		"/endorsers/eve@example.org/tags":                          {404, asHTML},
		"/endorsers":                                               {200, asHTML},
		"/tag/" + email + "/web":                                   {200, asRDF},
		"/metadata/" + email + "?tag=web":                          {200, asRDF},
		"/metadata/" + email + "?tag=a%20tag%3A%20100%20%C2%B5%3F": {200, asRDF},
		"/metadata?iDisplayStart=1&location=pdisk":                 {200, asHTML},
	} {
		for _, accept := range []string{asHTML, asBrowser} {
			if got := get(t, nginx+path, accept); got.Status != want.status || got.Media != want.media {
				t.Errorf("%s, Accept: %s: got %d %s, want %v: %.200q", path, accept, got.Status, got.Media, want, got.body)
			}
		}
	}
	first := get(t, nginx+"/metadata", asXML)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, nginx+"/metadata", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-None-Match", first.header.Get("ETag"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if policy := resp.Header.Values("Content-Security-Policy"); resp.StatusCode != 304 || len(policy) > 0 {
		t.Errorf("once more: %d, Content-Security-Policy %q; want 304 and none", resp.StatusCode, policy)
	}
}
