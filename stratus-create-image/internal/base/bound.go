package base

import "errors"

// Images are mostly zeros, and zeros take next to nothing: what is small may
// become large. Beyond both of these it is nothing that anybody means.
const (
	anyway = 16 << 30 // bytes that every image may have
	ratio  = 10000    // that a compressed byte may stand for
)

// limit is how large an image of the given size may become, in bytes.
func limit(packed int64) int64 {
	return max(anyway, min(packed, maxVirtual/ratio)*ratio)
}

var errTooLarge = errors.New("too large")

// bound takes so many bytes, and no more.
type bound struct{ left int64 }

func (b *bound) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errTooLarge
	}
	return len(p), nil
}
