// Package compress decompresses streams: gzip, bzip2, xz and zstd, told apart by
// their first bytes. It must not know file names, formats of disk images or
// checksums of what it decompresses.
package compress
