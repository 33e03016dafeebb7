package local

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

// maxConsole bounds the console log on disk, in bytes; a guest can print for ever.
const maxConsole = 16 << 20

// tailSize is how much of the console's end is looked at and shown, in bytes.
const tailSize = 16 << 10

// known are texts after which a machine will not come up, and what they mean. A
// * stands for anything in the line. Of two in one line the earlier row counts.
// None may be what a system that comes up prints, as in a banner before login.
var known = []struct {
	text  string
	cause error
}{
	{"No bootable device", errNoSystem},
	{"not a bootable disk", errNoSystem},
	{"could not read the boot disk", errNoSystem},
	{"BdsDxe: No bootable option or device was found", errNoLoader},
	{"UEFI Interactive Shell", errNoLoader},
	{"Kernel panic - not syncing: VFS: Unable to mount root", errNoDisk},
	{"Kernel panic - not syncing", errPanic},
	{"grub rescue>", errGRUB},
	{"error: no such partition.", errGRUB},
	{"error: unknown filesystem.", errGRUB},
	{"ALERT!  * does not exist.  Dropping to a shell!", errNoDisk}, // Debian's initramfs-tools
	{"Gave up waiting for root", errNoDisk},                        // the same
	{"Entering emergency mode", errNoDisk},                         // dracut
	{"Dependency failed for Initrd Root Device", errNoDisk},        // systemd in an initramfs
	{"being dropped into an emergency shell", errNoDisk},           // mkinitcpio
	{"initramfs emergency recovery shell launched", errNoDisk},     // mkinitfs
	{"mount: could not find filesystem '/dev/root'", errNoDisk},    // mkinitrd of old
	{"You are in emergency mode", errEmergency},
	{"Give root password for maintenance", errEmergency},
}

var (
	errNoSystem  = fmt.Errorf("%w: the BIOS finds nothing to boot on the disk (not a disk image, or one that boots by UEFI only)", engine.ErrBoot)
	errNoLoader  = fmt.Errorf("%w: the UEFI firmware finds nothing to boot on the disk (no EFI system partition with EFI/BOOT/BOOTX64.EFI)", engine.ErrBoot)
	errPanic     = fmt.Errorf("%w: the kernel panicked", engine.ErrBoot)
	errGRUB      = fmt.Errorf("%w: GRUB does not find its files", engine.ErrBoot)
	errEmergency = fmt.Errorf("%w: the system stopped in emergency mode", engine.ErrBoot)
)

// console keeps what the machine prints on its serial console.
type console struct {
	mu       sync.Mutex
	log      *os.File
	logged   int
	tail     []byte
	trouble  chan error // the meaning of the first known line, once
	reported bool
}

func newConsole(log *os.File) *console {
	return &console{log: log, trouble: make(chan error, 1)}
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
			c.trouble <- fmt.Errorf("%w: its console says %q", k.cause, line)
			return
		}
	}
}

// findLine finds the text and returns the line from there on. Until the line's
// end has come it is not found, unless it is a prompt, which has none.
func findLine(window []byte, text string) string {
	begin, end, _ := strings.Cut(text, "*")
	for {
		_, rest, found := bytes.Cut(window, []byte(begin))
		if !found {
			return ""
		}
		line, whole := rest, false
		if n := bytes.IndexAny(rest, "\r\n"); n >= 0 {
			line, whole = rest[:n], true
		}
		if bytes.Contains(line, []byte(end)) && (whole || strings.HasSuffix(text, ">")) {
			return begin + strings.TrimRight(string(line), " ")
		}
		window = rest
	}
}

// lastLines returns the end of what was printed, without terminal control
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
