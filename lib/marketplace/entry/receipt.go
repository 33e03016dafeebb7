package entry

// Receipt is what comes back for an entry that was published.
type Receipt struct {
	// URL is where the entry is; empty while it is pending.
	URL string
	// Existed tells that it was there already, every byte of it.
	Existed bool
	// Pending tells that it will not be seen before the endorser has confirmed
	// it by a link in a mail.
	Pending bool
}
