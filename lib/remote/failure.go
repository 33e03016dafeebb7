package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"

	"github.com/pkg/sftp"
)

// failure is an error of one of the kinds. Its text is that of the cause alone.
type failure struct {
	kind  error // ErrUnreachable, ErrRefused or ErrCredentials
	cause error
	final bool // although it is ErrUnreachable, repeating at once is no use
}

func (f *failure) Error() string   { return f.cause.Error() }
func (f *failure) Unwrap() []error { return []error{f.kind, f.cause} }

func unreachable(cause error) error { return &failure{kind: ErrUnreachable, cause: cause} }
func refused(cause error) error     { return &failure{kind: ErrRefused, cause: cause} }
func unproven(cause error) error    { return &failure{kind: ErrCredentials, cause: cause} }

// unsent marks a failure before the request left this host.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

// NothingSent reports whether a request that failed with this error never left
// this host, because there was no connection for it. If not, the outcome is
// unknown: the other side may have done what the request asks for.
func NothingSent(err error) bool {
	var u unsent
	return errors.As(err, &u)
}

// classify adds its kind to an error of the HTTP client. That of the context stays
// as it is: it is the caller's own.
func classify(ctx context.Context, err error) error {
	var known *failure
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	var record tls.RecordHeaderError
	switch {
	case err == nil || errors.As(err, &known) || ctx.Err() != nil:
		return err
	case errors.As(err, &certificate):
		return unproven(err)
	case errors.As(err, &name) && name.IsNotFound,
		errors.As(err, &record),
		errors.Is(err, http.ErrSchemeMismatch):
		return &failure{kind: ErrUnreachable, cause: err, final: true}
	}
	return unreachable(err)
}

// repeatable reports whether the same request may succeed if sent again soon.
func repeatable(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.kind == ErrUnreachable && !f.final
}

// requestError returns err in the form of all errors of the HTTP client. That of the
// standard library shows the password of a redirect.
func requestError(req *http.Request, err error) error {
	shown := &url.Error{Op: req.Method, URL: req.URL.Redacted(), Err: err}
	var u *url.Error
	if errors.As(err, &u) {
		shown.Op, shown.Err = u.Op, u.Err
		if at, err := url.Parse(u.URL); err == nil {
			shown.URL = at.Redacted()
		}
	}
	return shown
}

// SFTPError adds its kind to an error of an operation in an SFTP session: that of
// a lost connection wraps ErrUnreachable, that of a permission ErrRefused. All
// others, a full disk among them, are returned as they are. A session that
// ended because its context did looks like a lost connection.
func SFTPError(err error) error {
	var known *failure
	var status *sftp.StatusError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrPermission), errors.Is(err, sftp.ErrSSHFxPermissionDenied):
		return refused(err)
	case errors.Is(err, sftp.ErrSSHFxConnectionLost), errors.Is(err, sftp.ErrSSHFxNoConnection), errors.Is(err, net.ErrClosed):
		return unreachable(err)
	case !errors.As(err, &status):
		return err
	}
	switch status.FxCode() {
	case sftp.ErrSSHFxPermissionDenied:
		return refused(err)
	case sftp.ErrSSHFxConnectionLost, sftp.ErrSSHFxNoConnection:
		return unreachable(err)
	}
	return err
}
