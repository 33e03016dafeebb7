package entry

// Receipt is the answer to a publication.
type Receipt struct {
	URL     string // of the entry; empty while it is pending
	Existed bool   // the same document was there already
	Pending bool   // not visible before the endorser has followed a link in a mail
}
