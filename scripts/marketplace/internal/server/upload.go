package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/scripts/marketplace/internal/page"
)

// maxForm bounds the body of a form, in bytes: a document and what is around it.
const maxForm = entry.MaxBytes + 64<<10

// refusal is the error about an upload, in words for the client.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

var (
	errBusy     = &refusal{http.StatusServiceUnavailable, "too many uploads at the moment"}
	errTooLarge = &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("metadata too large: at most %d bytes", entry.MaxBytes)}
)

// form answers with the page that uploads.
func (s *Server) form(r *http.Request, _ []string) answer {
	return s.page(0, page.Upload{Site: site(r)})
}

// upload adds an entry.
//
// It asks for no credentials, and no token against forged requests: a document counts
// by its signature, whoever sends it. A foreign page that makes a browser send one
// achieves nothing that its author could not do alone.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) answer {
	base, err := baseURL(r)
	if err != nil {
		return s.refuse(r, http.StatusBadRequest, err.Error())
	}
	if !s.bodies.enter(r.Context()) {
		return s.refuseUpload(r, errBusy)
	}
	defer s.bodies.leave()
	control := http.NewResponseController(w)
	deadline := func(d time.Duration) {
		if err := control.SetReadDeadline(time.Now().Add(d)); err != nil {
			s.log.Verbosef("setting a deadline: %v", err)
		}
	}
	deadline(s.limits.Body)
	src, err := readUpload(w, r)
	if err != nil {
		return s.refuseUpload(r, err)
	}
	deadline(s.limits.Wait + s.limits.Publish) // that of the body must not end what follows
	k, existed, err := s.publish(r.Context(), src)
	if err != nil {
		return s.refuseUpload(r, err)
	}
	return s.created(r, base+"/"+k.URLPath(), k, existed)
}

// publish verifies a document that has arrived and adds it to the registry. Only this
// takes one of the few places, so that slow senders keep nobody out.
func (s *Server) publish(ctx context.Context, src []byte) (k entry.Key, existed bool, err error) {
	if !s.uploads.enter(ctx) {
		return k, false, errBusy
	}
	defer s.uploads.leave()
	e, err := entry.Verify(src)
	if err != nil {
		return k, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.Publish)
	defer cancel()
	return s.writer.Publish(ctx, e)
}

// created answers with the address of an entry: in Location, as HTTP defines it, and in
// Content-Location, where the original had it.
func (s *Server) created(r *http.Request, address string, k entry.Key, existed bool) answer {
	a := answer{http.StatusCreated, typeText, []byte("metadata entry created"), nil}
	if existed {
		a.status, a.body = http.StatusOK, []byte("metadata entry exists already")
	}
	if prefersPage(r) {
		a = s.page(a.status, page.Uploaded{Site: site(r), Key: k, URL: address, Existed: existed})
	}
	return a.with("Location", address).with("Content-Location", address)
}

// prefersPage reports whether a browser uploads.
func prefersPage(r *http.Request) bool {
	a := accepted(r)
	return len(a) > 0 && a[0].format == formatHTML
}

// readUpload reads the document out of the body.
func readUpload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch kind {
	case "application/xml", "text/xml", "application/rdf+xml":
		return readDocument(http.MaxBytesReader(w, r.Body, maxForm), "post with null entity")
	case "multipart/form-data":
		form := multipart.NewReader(http.MaxBytesReader(w, r.Body, maxForm), parameters["boundary"])
		return readForm(form)
	}
	return nil, &refusal{http.StatusUnsupportedMediaType,
		fmt.Sprintf("unsupported content type %.300q; want application/xml, application/rdf+xml or multipart/form-data", kind)}
}

// maxParts bounds how many parts of a form are read.
const maxParts = 20

// readForm reads the first part that is a file.
func readForm(form *multipart.Reader) ([]byte, error) {
	for range maxParts {
		part, err := form.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, readError(err)
		}
		if part.FileName() != "" {
			return readDocument(part, "no valid file uploaded")
		}
	}
	return nil, &refusal{http.StatusBadRequest, "no valid file uploaded"}
}

func readDocument(r io.Reader, empty string) ([]byte, error) {
	src, err := io.ReadAll(io.LimitReader(r, entry.MaxBytes+1))
	switch {
	case err != nil:
		return nil, readError(err)
	case len(src) > entry.MaxBytes:
		return nil, errTooLarge
	case len(src) == 0:
		return nil, &refusal{http.StatusBadRequest, empty}
	}
	return src, nil
}

// readError returns the refusal of a body that cannot be read.
func readError(err error) error {
	var long *http.MaxBytesError
	var late interface{ Timeout() bool }
	switch {
	case errors.As(err, &long):
		return errTooLarge
	case errors.As(err, &late) && late.Timeout():
		return &refusal{http.StatusRequestTimeout, "the document does not arrive"}
	}
	return &refusal{http.StatusBadRequest, fmt.Sprintf("unable to read the document: %.300s", err)}
}

// refuseUpload answers why an upload was refused: on the page with the form, if a
// browser uploads.
func (s *Server) refuseUpload(r *http.Request, err error) answer {
	why := s.explain(r, err)
	a := s.refuse(r, why.status, why.text)
	if prefersPage(r) {
		a = s.page(why.status, page.Upload{Site: site(r), Refusal: why.text})
	}
	switch why.status {
	case http.StatusServiceUnavailable:
		a = a.with("Retry-After", "5")
	case http.StatusRequestTimeout:
		a = a.with("Connection", "close") // the rest of the body may still come
	}
	return a
}

// explain returns the refusal for an error. The client must not read about this machine.
func (s *Server) explain(r *http.Request, err error) *refusal {
	var told *refusal
	var rules *entry.NotAdmitted
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &rules):
		return &refusal{http.StatusBadRequest, rules.Error()}
	case errors.Is(err, entry.ErrSyntax):
		return &refusal{http.StatusBadRequest, "unable to parse metadata: " + reason(err)}
	case errors.Is(err, entry.ErrInvalid):
		return &refusal{http.StatusBadRequest, "invalid metadata: " + reason(err)}
	}
	s.log.Warnf("%s %.300s: %v", r.Method, r.RequestURI, err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &refusal{http.StatusServiceUnavailable, "the Marketplace is busy"}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &refusal{http.StatusInsufficientStorage, "no space left in the Marketplace"}
	case errors.Is(err, syscall.EROFS):
		return &refusal{http.StatusForbidden, "read-only repository"}
	}
	return &refusal{http.StatusInternalServerError, "the Marketplace cannot keep the entry"}
}

// reason returns the text of an error about an entry, without the part that the answer
// has anyway.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), entry.ErrInvalid.Error()+": ")
}
