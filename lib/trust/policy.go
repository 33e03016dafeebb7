package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// The keys of the lists, as ruling.List has them.
const (
	WhitelistEndorsers = "whitelistendorsers"
	BlacklistEndorsers = "blacklistendorsers"
	WhitelistChecksums = "whitelistchecksums"
	BlacklistChecksums = "blacklistchecksums"
	WhitelistImages    = "whitelistimages"
	BlacklistImages    = "blacklistimages"
)

// policy is what one file says. Once parsed it does not change, and may be used
// by several goroutines. The zero value allows everything and pins nothing.
type policy struct {
	white struct {
		addresses map[string]bool // by canonical address
		pins      map[pin]bool
	}
	black struct {
		addresses    map[string]string            // items by address in lower case
		certificates map[[sha256.Size]byte]string // items
	}
	whiteChecksums, blackChecksums map[string]bool // lower-case digits
	whiteImages, blackImages       map[string]bool // identifiers
}

// pin binds a certificate to the address that it may endorse for.
type pin struct {
	address     string
	fingerprint [sha256.Size]byte
}

// subject is what is decided on: an image, and who vouches for it.
type subject struct {
	Email       string            // of the endorser, as the document has it
	Fingerprint [sha256.Size]byte // SHA-256 digest of the certificate that signed
	Identifier  string            // of the image
	Image       diskimage.Image   // its checksums, of which there may be some only
}

// ruling is the answer.
type ruling struct {
	Allowed bool
	// Pinned says that the white list of endorsers holds the address with this
	// very certificate, so that it is to be trusted for it. It never comes
	// without Allowed.
	Pinned bool
	// List is the key of the list that refused, and Reason a phrase that names
	// it and the item; both are empty for what is allowed.
	List, Reason string
}

// decide applies the lists in the order of the keys above. One that is empty
// filters nothing; the subject must pass all the others, so that a black list
// always wins.
//
// That an address is in the white list does not make it trusted: anybody can
// make a certificate that claims it. Only an item with a fingerprint says whose
// certificate it must be. The white list compares the local part of an address
// exactly and its domain in any case; the black list, which must not be evaded
// by a capital letter, compares all of it in any case, and an item with a
// fingerprint bars the certificate whatever address it is used for.
//
// A checksum is compared with the subject's digest of that algorithm. One that
// the subject does not have is in no list; every sound document has SHA-1.
func (p *policy) decide(s subject) ruling {
	pinned, decision := p.decideEndorser(s)
	if decision != nil {
		return *decision
	}
	sums := checksums(s.Image)
	if len(p.whiteChecksums) > 0 && firstIn(p.whiteChecksums, sums) == "" {
		return refuse(WhitelistChecksums, "no checksum of the image is")
	}
	if sum := firstIn(p.blackChecksums, sums); sum != "" {
		return refuse(BlacklistChecksums, "the checksum %s is", sum)
	}
	if len(p.whiteImages) > 0 && !p.whiteImages[s.Identifier] {
		return refuse(WhitelistImages, "the image %q is not", s.Identifier)
	}
	if p.blackImages[s.Identifier] {
		return refuse(BlacklistImages, "the image %q is", s.Identifier)
	}
	return ruling{Allowed: true, Pinned: pinned}
}

func (p *policy) decideEndorser(s subject) (pinned bool, refusal *ruling) {
	address := canonical(s.Email)
	pinned = p.white.pins[pin{address, s.Fingerprint}]
	if len(p.white.addresses)+len(p.white.pins) > 0 && !pinned && !p.white.addresses[address] {
		d := refuse(WhitelistEndorsers, "the endorser %q is not", s.Email)
		if p.hasPin(address) {
			d = refuse(WhitelistEndorsers, "the endorser %q is listed with another certificate only,", s.Email)
		}
		return false, &d
	}
	item, barred := p.black.certificates[s.Fingerprint]
	if !barred {
		item, barred = p.black.addresses[strings.ToLower(s.Email)]
	}
	if barred {
		d := refuse(BlacklistEndorsers, "the endorser %q is", item)
		return false, &d
	}
	return pinned, nil
}

func (p *policy) hasPin(address string) bool {
	for pin := range p.white.pins {
		if pin.address == address {
			return true
		}
	}
	return false
}

func refuse(list, format string, args ...any) ruling {
	return ruling{List: list, Reason: fmt.Sprintf(format, args...) + " in " + list}
}

// canonical returns an address in the form in which it is compared: its domain in
// lower case, in which letters outside ASCII have none.
func canonical(address string) string {
	at := strings.LastIndexByte(address, '@')
	return address[:at+1] + strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, address[at+1:])
}

// checksums are the digests that the image has, in hexadecimal.
func checksums(i diskimage.Image) []string {
	var sums []string
	for _, sum := range i.Digests() {
		sums = append(sums, hex.EncodeToString(sum))
	}
	return sums
}

func firstIn(list map[string]bool, sums []string) string {
	for _, sum := range sums {
		if list[sum] {
			return sum
		}
	}
	return ""
}
