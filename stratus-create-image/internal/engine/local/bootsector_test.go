package local

// lastLine is what programs for tests print: a line that the machine takes for the
// end of a boot, as an initramfs prints it that does not find its disk.
const lastLine = "\r\nALERT!  it boots does not exist.  Dropping to a shell!\r\n\x00"

// bootSector returns a program for the BIOS that prints lastLine on the serial console,
// and halts. It disables interrupts: the BIOS would print in the middle of it.
func bootSector() []byte {
	code := []byte{
		0xfa,       // cli
		0x31, 0xc0, // xor ax, ax
		0x8e, 0xd8, // mov ds, ax
		0xbe, 0x22, 0x7c, // mov si, message
		0xac,       // next: lodsb
		0x84, 0xc0, // test al, al
		0x74, 0x12, // jz done
		0x88, 0xc4, // mov ah, al
		0xba, 0xfd, 0x03, // mov dx, 0x3fd
		0xec,       // wait: in al, dx
		0xa8, 0x20, // test al, 0x20
		0x74, 0xfb, // jz wait
		0x88, 0xe0, // mov al, ah
		0xba, 0xf8, 0x03, // mov dx, 0x3f8
		0xee,       // out dx, al
		0xeb, 0xe9, // jmp next
		0xf4,       // done: hlt
		0xeb, 0xfd, // jmp done
	}
	sector := append(code, lastLine...)
	sector = append(sector, make([]byte, 510-len(sector))...)
	return append(sector, 0x55, 0xaa)
}
