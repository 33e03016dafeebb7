package credential

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/fault"
	"github.com/stratuslab/stratus/lib/files"
)

// maxLine bounds a passphrase, in bytes.
const maxLine = 4 << 10

// readFile reads a file with a certificate or a key.
func readFile(c *command.Call, name string) ([]byte, error) {
	data, err := files.Await(c.Ctx, func() ([]byte, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, maxFile+1))
	})
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.WithHint(errReading(name, err), "name another file, or make a certificate: %s", makeOne(c.App.Name))
	case err != nil:
		return nil, errReading(name, err)
	}
	return data, nil
}

// errReading names the file once: the errors of package os name it too.
func errReading(name string, err error) error {
	var named *fs.PathError
	if errors.As(err, &named) {
		err = named.Err
	}
	return refuse("reading %q: %w", name, err)
}

var errNoLine = errors.New("there is nothing in it, not even an empty line")

// firstLine reads one line and gives it without its end. No line at all is an
// error: an empty one stands for the empty passphrase.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(r, maxLine).ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("its first line is longer than %d bytes", maxLine)
	case errors.Is(err, io.EOF) && len(line) == 0:
		return "", errNoLine
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
}
