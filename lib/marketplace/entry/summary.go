package entry

import (
	"fmt"
	"time"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/signature"
)

// Summary holds what listings and searches need of an entry.
type Summary struct {
	Key
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	OS          string   `json:"os,omitempty"`
	OSVersion   string   `json:"osVersion,omitempty"`
	OSArch      string   `json:"osArch,omitempty"`
	Type        string   `json:"type,omitempty"`
	Kind        string   `json:"kind,omitempty"`
	Version     string   `json:"version,omitempty"` // of the image
	Tag         string   `json:"tag,omitempty"`
	Creator     string   `json:"creator,omitempty"`
	Format      string   `json:"format,omitempty"`
	Compression string   `json:"compression,omitempty"`
	Bytes       int64    `json:"bytes"` // size of the uncompressed image
	Locations   []string `json:"locations,omitempty"`
	Valid       string   `json:"valid,omitempty"`      // time of expiry
	Deprecated  string   `json:"deprecated,omitempty"` // the reason, never empty if it is deprecated
	// Subject, Issuer and Fingerprint are those of the certificate;
	// Fingerprint is in the form of signature.Fingerprint.
	Subject     string `json:"subject"`
	Issuer      string `json:"issuer"`
	Fingerprint string `json:"fingerprint"`
}

const (
	maxText      = 1000 // characters of a text in a summary
	maxLocations = 20
)

// Summary returns the summary of a verified entry. Long texts are cut.
func (e *Entry) Summary() Summary {
	d := e.Endorsed.Document
	text := func(t metadata.Term) string { return clip(d.Text(t)) }
	s := Summary{
		Key: e.Key, Title: text(metadata.Title), Description: text(metadata.Description),
		OS: text(metadata.OS), OSVersion: text(metadata.OSVersion), OSArch: text(metadata.OSArch),
		Type: text(metadata.Type), Kind: text(metadata.Kind), Version: text(metadata.Version), Tag: text(metadata.Alternative),
		Creator: text(metadata.Creator), Format: text(metadata.Format), Compression: text(metadata.Compression),
		Valid: text(metadata.Valid), Deprecated: text(metadata.Deprecated),
		Subject: clip(e.Endorsed.Subject), Issuer: clip(e.Endorsed.Issuer),
		Fingerprint: signature.Fingerprint(e.Endorsed.Certificate),
	}
	if s.Deprecated == "" && d.Has(metadata.Deprecated) {
		s.Deprecated = "no reason given"
	}
	if image, err := d.Image(); err == nil {
		s.Bytes = image.Bytes
	}
	locations := d.Texts(metadata.Location)
	for _, location := range locations[:min(maxLocations, len(locations))] {
		s.Locations = append(s.Locations, clip(location))
	}
	return s
}

// clip returns the first characters of a text.
func clip(text string) string { return fmt.Sprintf("%.*s", maxText, text) }

// Series identifies entries that replace each other: only the newest of a series
// counts. The certificate is part of it, because anybody can claim an address.
type Series struct {
	Identifier, Email, Fingerprint string
}

// Series returns the series of the entry.
func (s Summary) Series() Series { return Series{s.Identifier, s.Email, s.Fingerprint} }

// Series returns the series of a verified entry.
func (e *Entry) Series() Series {
	return Series{e.Identifier, e.Email, signature.Fingerprint(e.Endorsed.Certificate)}
}

// Status is whether an image should be used.
type Status string

// The statuses. AnyStatus stands for all of them in a Query.
const (
	AnyStatus  Status = ""
	Valid      Status = "valid"
	Expired    Status = "expired"
	Deprecated Status = "deprecated"
)

// Statuses returns all statuses.
func Statuses() []Status { return []Status{Valid, Expired, Deprecated} }

// Status returns the status at the time now. An entry without a time of expiry is
// expired, because the original Marketplace never lists it.
func (s Summary) Status(now time.Time) Status {
	switch {
	case s.Deprecated != "":
		return Deprecated
	case s.Valid > metadata.FormatTime(now):
		return Valid
	}
	return Expired
}

// Query says which entries a search is for. An empty field matches all entries. Of
// the entries of a series only the newest is looked at, unless Created is set.
type Query struct {
	Identifier, Email, Created string
	Tag                        string
	Status                     Status
	Where                      func(Summary) bool // nil matches all
}

// concerns reports whether the query may be for an entry of the same series.
func (q Query) concerns(s Summary) bool {
	return (q.Identifier == "" || q.Identifier == s.Identifier) && (q.Email == "" || q.Email == s.Email) && q.Created == ""
}

// Matches reports whether the query is for the entry, at the time now.
func (q Query) Matches(s Summary, now time.Time) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(q.Identifier, s.Identifier) && is(q.Email, s.Email) && is(q.Created, s.Created) && is(q.Tag, s.Tag) &&
		is(string(q.Status), string(s.Status(now))) && (q.Where == nil || q.Where(s))
}
