package local

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stratuslab/stratus/lib/peers"
)

// partitioned has sfdisk partition a disk, and gives the beginning of it.
func partitioned(t testing.TB, script string) []byte {
	t.Helper()
	disk := t.TempDir() + "/disk"
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(disk, 8<<20); err != nil {
		t.Fatal(err)
	}
	sfdisk := exec.Command("sfdisk", "--quiet", "--no-tell-kernel", disk)
	sfdisk.Stdin = strings.NewReader(script)
	if out, err := sfdisk.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(disk)
	if err != nil {
		t.Fatal(err)
	}
	return content[:headSize]
}

// With names that are scripts for sfdisk.
var (
	dos     = "label: dos\n"
	gpt     = "label: gpt\n"
	linux   = "size=1M, type=linux\n"
	uefi    = "size=1M, type=uefi\n"
	bios    = "size=1M, type=21686148-6449-6E6F-744E-656564454649\n"
	flagged = "size=1M, type=linux, attrs=\"LegacyBIOSBootable\"\n"
)

var layouts = []struct {
	name, script string
	code, want   bool // whether there is boot code; whether it boots by UEFI only
}{
	{"BIOS", dos + linux, true, false},
	{"BIOS without boot code", dos + linux, false, false},
	{"DOS table with an ESP", dos + linux + "size=1M, type=ef\n", false, true},
	{"DOS table, both", dos + linux + "size=1M, type=ef\n", true, false},
	{"UEFI", gpt + uefi + linux, false, true},
	{"UEFI with boot code that has no place", gpt + linux + uefi, true, true},
	{"hybrid", gpt + linux + bios + uefi, true, false},
	{"hybrid that nobody finished", gpt + linux + bios + uefi, false, true},
	{"hybrid by a flag", gpt + uefi + flagged, true, false},
	{"GPT for a BIOS", gpt + bios + linux, true, false},
	{"GPT with data only", gpt + linux, false, false},
	{"ESP in the last place", gpt + "128: " + uefi, false, true},
}

func setup(t testing.TB, script string, code bool) []byte {
	head := partitioned(t, script)
	if code {
		copy(head, "\xeb\x63\x90")
	}
	return head
}

func TestNeedsUEFI(t *testing.T) {
	peers.Need(t, "sfdisk")
	for _, test := range layouts {
		head := setup(t, test.script, test.code)
		if got := needsUEFI(head); got != test.want {
			t.Errorf("%s: needs UEFI %v, want %v", test.name, got, test.want)
		}
		if needsUEFI(head[:sector-1]) || needsUEFI(make([]byte, headSize)) || needsUEFI(nil) {
			t.Error("what is no partition table needs UEFI")
		}
	}
}

// FuzzNeedsUEFI writes a patch over one of several real disks and cuts it
// short.
func FuzzNeedsUEFI(f *testing.F) {
	peers.Need(f, "sfdisk")
	var heads [][]byte
	for i, l := range layouts {
		heads = append(heads, setup(f, l.script, l.code))
		for _, at := range []uint16{
			0, table + 4, sector, sector + 72, sector + 76, sector + 80, sector + 84, 2 * sector, headSize - 4,
		} {
			f.Add(uint8(i), at, []byte("\xff\xff\xff\xff"), uint16(headSize))
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, at uint16, patch []byte, end uint16) {
		head := bytes.Clone(heads[int(n)%len(heads)])
		copy(head[int(at)%len(head):], patch)
		head = head[:min(len(head), int(end))]
		if needsUEFI(head) && !bytes.Contains(head, guidESP[:]) && !bytes.Contains(head, []byte{typeESP}) {
			t.Error("a disk without an EFI system partition needs UEFI")
		}
	})
}
