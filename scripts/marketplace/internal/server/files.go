package server

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/stratuslab/stratus/lib/marketplace/publish"
	"github.com/stratuslab/stratus/lib/marketplace/registry"
)

// maxFile bounds the files of the registry that the server sends, in bytes.
const maxFile = 4 << 20

// fileTypes are their media types.
var fileTypes = map[string]string{
	".html": typeHTML,
	".json": typeJSON,
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
}

// file answers with a file of the registry that the static page needs, and for the root
// with the page itself. Only a server can add the link for uploads to it.
func (s *Server) file(r *http.Request, words []string) answer {
	parts, _ := segments(r)
	name := cmp.Or(strings.Join(parts, "/"), "index.html")
	media := fileTypes[path.Ext(name)]
	if !fs.ValidPath(name) || media == "" {
		return s.notHere(r)
	}
	body, err := s.files.ReadFile(name, maxFile)
	if errors.Is(err, fs.ErrNotExist) && len(words) == 0 { // nothing has been published yet
		body, err = publish.Static(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return s.notHere(r)
	}
	if name == "index.html" {
		body = bytes.Replace(body, []byte("</nav>"), []byte(`<a href="upload">Upload</a></nav>`), 1)
	}
	a := s.made(r, media, body, err)
	if err == nil && len(words) == 2 && s.isFull(words[0], words[1]) {
		a = a.with("Cache-Control", "max-age=31536000, immutable")
	}
	return a
}

// isFull reports whether a page of the log does not change any more.
func (s *Server) isFull(generation, name string) bool {
	h, err := registry.ReadHead(s.files)
	k, isNumber := strconv.Atoi(strings.TrimSuffix(name, ".json"))
	return err == nil && isNumber == nil && generation == h.Generation && k < h.Pages-1
}

// search sends a browser to the static page, which searches for entries of a status
// with all of the words.
func (s *Server) search(r *http.Request, status string, words ...string) answer {
	form := make(url.Values)
	for name, value := range map[string]string{"status": status, "words": strings.Join(words, " ")} {
		if value = strings.Join(strings.Fields(value), " "); value != "" {
			form.Set(name, value)
		}
	}
	target := site(r).Root
	if len(form) > 0 {
		target += "?" + form.Encode()
	}
	// The address is relative: a proxy may have put the server below any path.
	return answer{http.StatusSeeOther, typeText, []byte("See " + target + "\n"), http.Header{"Location": {target}}}
}
