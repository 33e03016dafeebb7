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
	"github.com/stratuslab/stratus/lib/marketplace/page"
	"github.com/stratuslab/stratus/lib/signature"
	"github.com/stratuslab/stratus/lib/strictxml"
)

// maxForm bounds the body of a form: a document, and what stands around it.
const maxForm = signature.MaxBytes + 64<<10

// refusal is an upload that is not taken in, as the client is told.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

// upload takes an entry in.
//
// It asks for no credentials and no token against forged requests: a document
// counts by its signature, whoever sends it, so that a page elsewhere that makes
// a browser send one gains nothing that its author could not do alone.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	base, err := baseURL(r)
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, err.Error())
		return
	}
	if !s.bodies.enter(r.Context()) {
		s.refuseUpload(w, r, tooMany())
		return
	}
	defer s.bodies.leave()
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(s.limits.Body)); err != nil {
		s.log.Verbosef("setting a deadline: %v", err)
	}
	src, err := readUpload(w, r)
	if err != nil {
		s.refuseUpload(w, r, err)
		return
	}
	// What may still come of the request must not end what follows.
	if err := control.SetReadDeadline(time.Now().Add(s.limits.Wait + s.limits.Publish)); err != nil {
		s.log.Verbosef("setting a deadline: %v", err)
	}
	k, existed, err := s.publish(r.Context(), src)
	if err != nil {
		s.refuseUpload(w, r, err)
		return
	}
	s.created(w, r, base+"/"+k.URLPath(), k, existed)
}

// publish verifies a document that has arrived and adds it to the tree. Only
// this takes one of the few places, so that slow senders keep nobody out.
func (s *Server) publish(ctx context.Context, src []byte) (k entry.Key, existed bool, err error) {
	if !s.uploads.enter(ctx) {
		return k, false, tooMany()
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

func tooMany() error {
	return &refusal{http.StatusServiceUnavailable, "too many uploads at the moment"}
}

// created tells the address of an entry: in Location, as HTTP has it, and in
// Content-Location, where the original had it.
func (s *Server) created(w http.ResponseWriter, r *http.Request, address string, k entry.Key, existed bool) {
	status, text := http.StatusCreated, "metadata entry created"
	if existed {
		status, text = http.StatusOK, "metadata entry exists already"
	}
	w.Header().Set("Location", address)
	w.Header().Set("Content-Location", address)
	if prefersPage(r) {
		s.writePage(w, status, page.Uploaded{Site: site(r), Key: k, URL: address, Existed: existed})
		return
	}
	write(w, status, typeText, []byte(text))
}

// prefersPage tells whether it is a person who uploads.
func prefersPage(r *http.Request) bool {
	a := accepted(r)
	return len(a) > 0 && formatOf[a[0].media] == formatHTML
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
		fmt.Sprintf("unsupported content type %q: application/xml, application/rdf+xml and multipart/form-data are taken", clip(kind))}
}

// maxParts bounds how many parts of a form are looked at.
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
	src, err := io.ReadAll(io.LimitReader(r, signature.MaxBytes+1))
	switch {
	case err != nil:
		return nil, readError(err)
	case len(src) > signature.MaxBytes:
		return nil, tooLarge()
	case len(src) == 0:
		return nil, &refusal{http.StatusBadRequest, empty}
	}
	return src, nil
}

func tooLarge() error {
	return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("metadata too large: at most %d bytes are taken", signature.MaxBytes)}
}

// readError says what it is to a body that it cannot be read.
func readError(err error) error {
	var long *http.MaxBytesError
	var late interface{ Timeout() bool }
	switch {
	case errors.As(err, &long):
		return tooLarge()
	case errors.As(err, &late) && late.Timeout():
		return &refusal{http.StatusRequestTimeout, "the document does not arrive"}
	}
	return &refusal{http.StatusBadRequest, "unable to read the document: " + clip(err.Error())}
}

// refuseUpload says why an upload was not taken in: on the page with the form,
// if that is where it came from.
func (s *Server) refuseUpload(w http.ResponseWriter, r *http.Request, err error) {
	why := s.explain(r, err)
	if why.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if why.status == http.StatusRequestTimeout {
		w.Header().Set("Connection", "close") // the rest of the body may still come
	}
	if prefersPage(r) {
		s.writePage(w, why.status, page.Upload{Site: site(r), Refusal: why.text})
		return
	}
	s.refuse(w, r, why.status, why.text)
}

// explain puts an error into a status, and words that the client may read.
func (s *Server) explain(r *http.Request, err error) *refusal {
	var told *refusal
	var rules *entry.NotAdmitted
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &rules):
		return &refusal{http.StatusBadRequest, rules.Error()}
	case errors.Is(err, strictxml.ErrSyntax):
		return &refusal{http.StatusBadRequest, "unable to parse metadata: " + reason(err)}
	case errors.Is(err, entry.ErrInvalid):
		return &refusal{http.StatusBadRequest, "invalid metadata: " + reason(err)}
	}
	s.log.Warnf("%s %s: %v", r.Method, clip(r.RequestURI), err)
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

// reason is the text of an error about an entry, without what the answer says
// anyway.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), entry.ErrInvalid.Error()+": ")
}
