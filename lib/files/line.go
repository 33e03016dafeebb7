package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line that FirstLine reads, in bytes.
const maxLine = 4 << 10

// ErrNoLine is returned by FirstLine for an input without a single byte.
var ErrNoLine = errors.New("there is nothing in it, not even an empty line")

// FirstLine reads the first line, of at most 4 KiB, and returns it without its
// end. It may read beyond that line.
func FirstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(r, maxLine).ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("its first line is longer than %d bytes", maxLine)
	case errors.Is(err, io.EOF) && len(line) == 0:
		return "", ErrNoLine
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
}
