package entry

import (
	"time"
	"unicode/utf8"

	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/trust"
)

// Summary is what listings and searches need of an entry.
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
	Deprecated  string   `json:"deprecated,omitempty"` // why, never empty for what is deprecated
	// Subject, Issuer and Fingerprint are those of the certificate;
	// Fingerprint is in the form of trust.Fingerprint.
	Subject     string `json:"subject"`
	Issuer      string `json:"issuer"`
	Fingerprint string `json:"fingerprint"`
}

// longest bounds a text in a summary, in bytes.
const longest = 1000

// Summary sums the entry up. Long texts are cut.
func (e *Entry) Summary() Summary {
	d := e.Endorsed.Document
	text := func(t metadata.Term) string { return cut(d.Text(t)) }
	s := Summary{
		Key: e.Key, Title: text(metadata.Title), Description: text(metadata.Description),
		OS: text(metadata.OS), OSVersion: text(metadata.OSVersion), OSArch: text(metadata.OSArch),
		Type: text(metadata.Type), Kind: text(metadata.Kind), Version: text(metadata.Version), Tag: text(metadata.Alternative),
		Creator: text(metadata.Creator), Format: text(metadata.Format), Compression: text(metadata.Compression),
		Valid: text(metadata.Valid), Deprecated: text(metadata.Deprecated),
		Subject: cut(e.Endorsed.Subject), Issuer: cut(e.Endorsed.Issuer), Fingerprint: trust.Fingerprint(e.Endorsed.Certificate),
	}
	if s.Deprecated == "" && d.Has(metadata.Deprecated) {
		s.Deprecated = "no reason given"
	}
	if image, err := d.Image(); err == nil {
		s.Bytes = image.Bytes
	}
	for _, location := range d.Texts(metadata.Location)[:min(maxLocations, len(d.Texts(metadata.Location)))] {
		s.Locations = append(s.Locations, cut(location))
	}
	return s
}

const maxLocations = 20

func cut(s string) string {
	if len(s) <= longest {
		return s
	}
	end := longest - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// Series is what one entry after another is about: of one series only the latest
// counts. The certificate is part of it, because anybody can claim an address.
type Series struct {
	Identifier, Email, Fingerprint string
}

// Series names the series of the entry.
func (s Summary) Series() Series { return Series{s.Identifier, s.Email, s.Fingerprint} }

// Series names the series of the entry, whose signature has been verified.
func (e *Entry) Series() Series {
	return Series{e.Identifier, e.Email, trust.Fingerprint(e.Endorsed.Certificate)}
}

// Status says whether an image should be used.
type Status string

// The statuses. AnyStatus is none of them: it asks for all.
const (
	AnyStatus  Status = ""
	Valid      Status = "valid"
	Expired    Status = "expired"
	Deprecated Status = "deprecated"
)

// Statuses are all of them.
func Statuses() []Status { return []Status{Valid, Expired, Deprecated} }

// Status gives the status at the time now. What has no time of expiry has
// expired: the original Marketplace never lists it.
func (s Summary) Status(now time.Time) Status {
	switch {
	case s.Deprecated != "":
		return Deprecated
	case s.Valid > metadata.FormatTime(now):
		return Valid
	}
	return Expired
}

// Query says which entries are looked for. A field that is empty does not
// matter. Of the entries of one series only the latest is looked at, unless
// Created is set.
type Query struct {
	Identifier, Email, Created string
	Tag                        string
	Status                     Status
	Where                      func(Summary) bool // nil is true
}

// Matches tells whether the query is for the entry, at the time now.
func (q Query) Matches(s Summary, now time.Time) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(q.Identifier, s.Identifier) && is(q.Email, s.Email) && is(q.Created, s.Created) && is(q.Tag, s.Tag) &&
		is(string(q.Status), string(s.Status(now))) && (q.Where == nil || q.Where(s))
}
