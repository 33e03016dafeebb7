package machine

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxConsole bounds the console log on disk, in bytes; a guest can print for ever.
const maxConsole = 16 << 20

// tailSize is how much of the console's end is looked at and shown, in bytes.
const tailSize = 16 << 10

// known are texts after which a machine will not come up, and what they mean.
var known = []struct{ text, meaning string }{
	{"No bootable device", noSystem},
	{"not a bootable disk", noSystem},
	{"could not read the boot disk", noSystem},
	{"Kernel panic - not syncing", "the kernel panicked"},
	{"grub rescue>", "GRUB does not find its files"},
	{"error: no such partition.", "GRUB does not find its files"},
	{"error: unknown filesystem.", "GRUB does not find its files"},
	{"ALERT!", noRoot},
	{"Gave up waiting for root", noRoot},
	{"Entering emergency mode", noRoot},
	{"You are in emergency mode", "the system stopped in emergency mode"},
	{"Give root password for maintenance", "the system stopped in emergency mode"},
}

const (
	noSystem = "the BIOS finds nothing to boot on the disk (not a disk image, or one that boots by UEFI only)"
	noRoot   = "the kernel does not find its root file system"
)

// console keeps what the machine prints on its serial console.
type console struct {
	mu       sync.Mutex
	log      *os.File
	logged   int
	tail     []byte
	trouble  chan string // the meaning of the first known line, once
	reported bool
}

func newConsole(log *os.File) *console {
	return &console{log: log, trouble: make(chan string, 1)}
}

// follow reads the console until it closes.
func (c *console) follow(r io.Reader) {
	buffer := make([]byte, 4096)
	for {
		n, err := r.Read(buffer)
		c.add(buffer[:n])
		if err != nil {
			_ = c.log.Close()
			return
		}
	}
}

func (c *console) add(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.logged < maxConsole {
		n, _ := c.log.Write(p) // a log that cannot be written must not stop the machine
		c.logged += n
	}
	if c.tail = append(c.tail, p...); len(c.tail) > 2*tailSize {
		c.tail = bytes.Clone(c.tail[len(c.tail)-tailSize:])
	}
	if c.reported {
		return
	}
	// What is new, and enough before it for a line that came in pieces.
	const lineSize = 512
	window := c.tail[max(0, len(c.tail)-len(p)-lineSize):]
	for _, k := range known {
		if line := findLine(window, k.text); line != "" {
			c.reported = true
			c.trouble <- fmt.Sprintf("%s: its console says %q", k.meaning, line)
			return
		}
	}
}

// findLine finds the text and gives the line from there on. Until the line's
// end has come it is not found, unless it is a prompt, which has none.
func findLine(window []byte, text string) string {
	_, rest, found := bytes.Cut(window, []byte(text))
	end := bytes.IndexAny(rest, "\r\n")
	switch {
	case !found:
		return ""
	case end >= 0:
		return text + strings.TrimRight(string(rest[:end]), " ")
	case strings.HasSuffix(text, ">"):
		return text
	}
	return ""
}

// lastLines gives the end of what was printed, without terminal control
// sequences.
func (c *console) lastLines(n int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := controls.ReplaceAllString(strings.ToValidUTF8(string(c.tail), string(utf8.RuneError)), "")
	var lines []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimRight(line, " "))
		}
	}
	return lines[max(0, len(lines)-n):]
}

// controls matches the escape sequences of terminals.
var controls = regexp.MustCompile("\x1b(\\[[0-9;?]*[a-zA-Z]|[()][0-9A-B]|[=>c])")
