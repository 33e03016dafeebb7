package local

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
)

func TestConsole(t *testing.T) {
	tests := []struct {
		name, text, trouble string
		cause               error
	}{
		{"healthy", "Booting from Hard Disk...\r\nGRUB loading.\r\n[    0.0] Linux version 6\r\nlogin: ", "", nil},
		{"no system", "Boot failed: not a bootable disk\r\n\r\nNo bootable device.\r\n", "nothing to boot", errNoSystem},
		{"no loader", "BdsDxe: No bootable option or device was found.\r\n", "EFI/BOOT/BOOTX64.EFI", errNoLoader},
		{"shell", "UEFI Interactive Shell v2.2\r\n", "EFI/BOOT/BOOTX64.EFI", errNoLoader},
		{
			"panic", "[ 1.2] Kernel panic - not syncing: Attempted to kill init!\r\n",
			`panicked: its console says "Kernel panic - not syncing: Attempted to kill init!"`, errPanic,
		},
		{
			"no driver", "[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n",
			`root file system: its console says "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"`,
			errNoDisk,
		},
		{"grub", "error: no such partition.\r\nEntering rescue mode...\r\ngrub rescue> ", "GRUB", errGRUB},
		{
			"initramfs-tools", "ALERT!  UUID=1234 does not exist.  Dropping to a shell!\r\n",
			`its console says "ALERT!  UUID=1234 does not exist.  Dropping to a shell!"`, errNoDisk,
		},
		{"banner", "ALERT! You are entering into a secured area!\r\nALERT!  Who has no account does not exist.\r\nlogin: ", "", nil},
		{
			"alert after alert", "ALERT!  Slow disk\r\nALERT!  /dev/vda1 does not exist.  Dropping to a shell!\r\n",
			`says "ALERT!  /dev/vda1 does`, errNoDisk,
		},
		{"dracut", "Entering emergency mode. Exit the shell to continue.\r\n", "root file system", errNoDisk},
		{"systemd", "[DEPEND] Dependency failed for Initrd Root Device.\r\n", "root file system", errNoDisk},
		{"mkinitcpio", "You are now being dropped into an emergency shell.\r\n", "root file system", errNoDisk},
		{"mkinitfs", "initramfs emergency recovery shell launched. Type 'exit' to continue boot\r\n", "root file system", errNoDisk},
		{"mkinitrd", "mount: could not find filesystem '/dev/root'\r\n", "root file system", errNoDisk},
		{"emergency", "You are in emergency mode. After logging in...\r\n", "emergency mode", errEmergency},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log, err := os.Create(t.TempDir() + "/console.log")
			if err != nil {
				t.Fatal(err)
			}
			c := newConsole(log)
			c.follow(iotestOneByte(test.text)) // however it is cut
			var got error
			select {
			case got = <-c.trouble:
			default:
			}
			if !errors.Is(got, test.cause) ||
				got != nil && (!errors.Is(got, engine.ErrBoot) || !strings.Contains(got.Error(), test.trouble)) {
				t.Errorf("trouble %v, want %v: %q", got, test.cause, test.trouble)
			}
			written, err := os.ReadFile(log.Name())
			if err != nil || string(written) != test.text {
				t.Errorf("the log has %q, %v", written, err)
			}
		})
	}
}

// iotestOneByte reads a text byte for byte.
func iotestOneByte(text string) *oneByte { return &oneByte{strings.NewReader(text)} }

type oneByte struct{ r *strings.Reader }

func (o *oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

func TestConsoleBounds(t *testing.T) {
	log, err := os.Create(t.TempDir() + "/console.log")
	if err != nil {
		t.Fatal(err)
	}
	c := newConsole(log)
	chunk := []byte(strings.Repeat("x", 64<<10))
	for range maxConsole/len(chunk) + 8 {
		c.add(chunk)
	}
	c.add([]byte("\r\n\x1b[0;1mlast\x1b[m line  \r\n"))
	if info, err := log.Stat(); err != nil || info.Size() > maxConsole+int64(len(chunk)) {
		t.Errorf("the log grew to %d bytes, %v", info.Size(), err)
	}
	if cap(c.tail) > 1<<20 {
		t.Errorf("%d bytes are kept in memory", cap(c.tail))
	}
	if diff := cmp.Diff([]string{"last line"}, c.lastLines(1)); diff != "" {
		t.Errorf("last lines (-want +got):\n%s", diff)
	}
}
