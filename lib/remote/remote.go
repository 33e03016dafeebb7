// Package remote reaches other hosts: over HTTP with a client that verifies,
// bounds and repeats, and over SSH with sessions of its file transfer protocol.
// It must not know what is fetched or stored there, nor what an answer means.
package remote

import (
	"cmp"
	"time"

	"github.com/stratuslab/stratus/lib/report"
)

// The kinds of failure that a caller acts on. Each carries its report.Kind. They are
// wrapped; the text of the error that wraps them says what happened.
var (
	// ErrUnreachable is wrapped when there was no connection, or it broke, or
	// nothing was heard for too long: to try again later may help.
	ErrUnreachable = report.WithHint(report.Unreachablef("the other side cannot be reached"), "trying again may help")
	// ErrRefused is wrapped when the other side answered, and the answer is no
	// or cannot be followed: to try again does not help.
	ErrRefused = report.Refusedf("the other side refuses")
	// ErrCredentials is wrapped when one side does not prove who it is: a TLS
	// certificate that is not verified, an SSH host key that is unknown or has
	// changed, no SSH key that is accepted.
	ErrCredentials = report.Credentialsf("identity not proven")
)

// Options say how to reach other hosts. The zero value is usable.
type Options struct {
	// CAFiles are PEM files with roots for TLS beside those of the system.
	CAFiles []string
	// SSHKey is the path of the only private key to use. If empty, those of the
	// agent ($SSH_AUTH_SOCK) are used, then ~/.ssh/id_ed25519, id_ecdsa, id_rsa.
	SSHKey string
	// KnownHosts is the path of the only file with SSH host keys. If empty,
	// ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts are used.
	KnownHosts string
	// UserAgent is sent with each HTTP request that does not set its own.
	UserAgent string
	// Idle is the longest time in which nothing is heard from the other side:
	// until the head of a response, within its body, in an SFTP session.
	// Zero is 60 seconds.
	Idle time.Duration
	// Retries are of requests that can be repeated.
	Retries Retries
	// Log is told of what a user may want to know, such as that a request is
	// repeated and why: one line without its end. It may be nil.
	Log func(format string, args ...any)
}

// Retries say how often and when a request is repeated.
type Retries struct {
	Attempts int           // the first one included; 0 is 4
	MinWait  time.Duration // before the first repetition, doubled for each further one; 0 is 1 second
	MaxWait  time.Duration // the longest, and the most that a Retry-After is given; 0 is 60 seconds
}

const (
	defaultIdle     = 60 * time.Second
	defaultAttempts = 4
	defaultMinWait  = time.Second
	defaultMaxWait  = 60 * time.Second
	connectLimit    = 30 * time.Second // for a connection, names resolved and all addresses tried
)

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	o.Idle = cmp.Or(max(o.Idle, 0), defaultIdle)
	o.Retries.Attempts = cmp.Or(max(o.Retries.Attempts, 0), defaultAttempts)
	o.Retries.MinWait = cmp.Or(max(o.Retries.MinWait, 0), defaultMinWait)
	o.Retries.MaxWait = cmp.Or(max(o.Retries.MaxWait, 0), defaultMaxWait)
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	return o
}
