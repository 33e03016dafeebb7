package page

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stratuslab/stratus/lib/marketplace/entry"
	"github.com/stratuslab/stratus/lib/metadata"
	"github.com/stratuslab/stratus/lib/report"
)

// Entry is the page of one entry.
type Entry struct {
	Site
	Key entry.Key
	// Invalid says why the entry cannot be verified. The page then shows nothing of
	// the document.
	Invalid string
	Entry   *entry.Entry // verified; nil if Invalid is set
	// Series holds the keys of the entries of the same series, this one included,
	// in any order. The newest maxSeries are shown.
	Series []entry.Key
	Now    time.Time
}

// maxSeries is how many entries of a series are shown.
const maxSeries = 100

// field is a name and its value. Href is empty where the value is no link.
type field struct{ Name, Value, Href string }

// HTML writes the page.
func (v Entry) HTML() ([]byte, error) {
	document := v.Root + v.Key.URLPath() + "?media=xml" // browsers get this page otherwise
	if v.Entry == nil {
		return render("invalid.html", struct {
			frame
			Key              entry.Key
			Reason, Document string
		}{frame{v.Site, "Not verified: " + v.Key.Identifier, "images"}, v.Key, v.Invalid, document})
	}
	s, d, by := v.Entry.Summary(), v.Entry.Endorsed.Document, v.Entry.Endorsed
	title := cmp.Or(strings.TrimSpace(d.Text(metadata.Title)), s.Identifier)
	status := s.Status(v.Now)
	return render("entry.html", struct {
		frame
		entry.Summary
		Title                                     string
		Status                                    entry.Status
		Reason, Size, Text                        string
		Locations, Fields, Digests, Series        []field
		Newest, Endorser, Document                string
		Name, Method, Digest, NotBefore, NotAfter string
		EmailCertified, SelfSigned                bool
	}{
		frame: frame{v.Site, "", "images"}, Summary: s, Title: title,
		Status: status, Reason: reason(s, status), Size: report.FormatBytes(s.Bytes),
		Text:      strings.TrimSpace(d.Text(metadata.Description)),
		Locations: locations(d.Texts(metadata.Location)), Fields: fields(s), Digests: digests(d), Series: v.series(),
		Newest: v.newest(), Endorser: v.Root + "?status=all&words=" + url.QueryEscape(s.Email), Document: document,
		Name: cmp.Or(by.Certificate.Subject.CommonName, by.Email), Method: by.Method, Digest: by.Digest,
		NotBefore: metadata.FormatTime(by.Certificate.NotBefore), NotAfter: metadata.FormatTime(by.Certificate.NotAfter),
		EmailCertified: by.EmailCertified, SelfSigned: bytes.Equal(by.Certificate.RawIssuer, by.Certificate.RawSubject),
	})
}

// reason returns why an entry has its status.
func reason(s entry.Summary, status entry.Status) string {
	switch {
	case status == entry.Deprecated:
		return s.Deprecated
	case s.Valid == "":
		return "It has no time of expiry, and is never listed as valid."
	case status == entry.Expired:
		return "Expired on " + s.Valid
	}
	return "Valid until " + s.Valid
}

// fields returns what the summary has, without what has a place of its own.
func fields(s entry.Summary) (found []field) {
	for _, f := range []field{
		{Name: "Operating system", Value: s.OS}, {Name: "OS version", Value: s.OSVersion}, {Name: "Architecture", Value: s.OSArch},
		{Name: "Type", Value: s.Type}, {Name: "Kind", Value: s.Kind}, {Name: "Image version", Value: s.Version},
		{Name: "Tag", Value: s.Tag}, {Name: "Creator", Value: s.Creator}, {Name: "Valid until", Value: s.Valid},
		{Name: "Format", Value: s.Format}, {Name: "Compression", Value: s.Compression},
	} {
		if f.Value != "" {
			found = append(found, f)
		}
	}
	return found
}

// digests returns the checksums of the uncompressed image.
func digests(d *metadata.Document) (found []field) {
	image, err := d.Image()
	if err != nil { // an entry of an older Marketplace may have none
		return nil
	}
	for a, digest := range image.Digests() {
		found = append(found, field{Name: string(a), Value: hex.EncodeToString(digest)})
	}
	return found
}

// locations makes links of those that a browser can follow.
func locations(uris []string) []field {
	fields := make([]field, len(uris))
	for i, uri := range uris {
		fields[i].Value = uri
		u, err := url.Parse(uri)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil {
			fields[i].Href = uri
		}
	}
	return fields
}

// series returns links to the entries, the newest first, and none to this one.
func (v Entry) series() []field {
	keys := slices.SortedFunc(slices.Values(v.Series), func(a, b entry.Key) int { return b.Compare(a) })
	var links []field
	for _, k := range keys[:min(len(keys), maxSeries)] {
		l := field{Value: k.Created}
		if k != v.Key {
			l.Href = v.Root + k.URLPath()
		}
		links = append(links, l)
	}
	return links
}

// newest returns the URL of the newest entry, empty if it is this one.
func (v Entry) newest() string {
	latest := v.Key
	for _, k := range v.Series {
		if k.Created > latest.Created {
			latest = k
		}
	}
	if latest == v.Key {
		return ""
	}
	return v.Root + latest.URLPath()
}
