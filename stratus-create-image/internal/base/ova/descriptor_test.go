package ova

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// on hangs the disk on a controller.
func on(kind, subtype string) string {
	return item("InstanceID", "3", "ResourceSubType", subtype, "ResourceType", kind) +
		item("HostResource", "/disk/d", "InstanceID", "4", "Parent", "3", "ResourceType", "17")
}

func TestHints(t *testing.T) {
	tests := map[string]struct{ hardware, machine, bus string }{
		"nothing":            {},
		"ide":                {hardware: on("5", "PIIX4"), bus: "ide"},
		"scsi":               {hardware: on("6", "lsilogic"), bus: "scsi"},
		"sata":               {hardware: on("20", "AHCI"), bus: "sata"},
		"nvme":               {hardware: on("20", "vmware.nvme.controller")},
		"unknown controller": {hardware: on("99", "")},
		"ovf: resource":      {hardware: strings.Replace(on("5", ""), "/disk/d", "ovf:/disk/d", 1), bus: "ide"},
		"ovf:// resource":    {hardware: strings.Replace(on("5", ""), "/disk/d", "ovf://disk/d", 1), bus: "ide"},
		"another disk's":     {hardware: strings.Replace(on("5", ""), "/disk/d", "/disk/dd", 1)},
		"VMware's own":       {hardware: `<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>`},
		"VirtualBox's own":   {machine: `<vbox:Machine><Hardware><Firmware type="EFI64"/></Hardware></vbox:Machine>`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := parseDescriptor(envelope(goodFile, goodDisk, test.hardware, test.machine))
			if err != nil {
				t.Fatal(err)
			}
			if d.bus != test.bus || d.capacity != 8*mib {
				t.Errorf("bus %q, capacity %d; want %q, %d", d.bus, d.capacity, test.bus, 8*mib)
			}
		})
	}
}

func TestParseDescriptorRefuses(t *testing.T) {
	entity := strings.Replace(string(envelope(goodFile, goodDisk, "", "")), "<Envelope",
		`<!DOCTYPE Envelope [<!ENTITY x SYSTEM "file:///etc/passwd">]><Envelope`, 1)
	file := func(attributes string) []byte {
		return envelope(`<File ovf:id="f" `+attributes+`/>`, goodDisk, "", "")
	}
	tests := map[string]struct {
		text []byte
		want string
	}{
		"no XML":             {[]byte("hello"), "reading the descriptor"},
		"DTD with an entity": {[]byte(entity), "document type"},
		"too deep":           {[]byte(strings.Repeat("<a>", 100)), "reading the descriptor"},
		"another root": {[]byte(`<Envelope xmlns="http://www.vmware.com/schema/ovf/1/envelope"/>`),
			`of the namespace "http://www.vmware.com/schema/ovf/1/envelope"`},
		"no disk": {envelope(goodFile, "", "", ""), "0 disks in the appliance"},
		"two disks": {envelope(goodFile, goodDisk+strings.Replace(goodDisk, `diskId="d"`, `diskId="e"`, 1), "",
			""), `2 disks in the appliance ("d", "e")`},
		"difference": {envelope(goodFile, strings.Replace(goodDisk, "<Disk", `<Disk ovf:parentRef="p"`, 1), "",
			""), `the differences to the disk "p"`},
		"no file":   {envelope("", goodDisk, "", ""), `0 files with the id "f"`},
		"two files": {envelope(goodFile+goodFile, goodDisk, "", ""), `2 files with the id "f"`},
		"empty disk": {envelope(`<File ovf:href="d"/>`, strings.Replace(goodDisk, `ovf:fileRef="f"`, "", 1), "",
			""), `with the id ""`},
		"chunks":               {file(`ovf:href="d" ovf:chunkSize="5"`), "a disk in chunks"},
		"another compression":  {file(`ovf:href="d" ovf:compression="xz"`), `compression "xz"`},
		"no href":              {file(""), `not a valid file name: ""`},
		"absolute href":        {file(`ovf:href="/etc/passwd"`), `not a valid file name: "/etc/passwd"`},
		"URL":                  {file(`ovf:href="http://example.org/d.vmdk"`), `not a valid file name: "http://example.org/d.vmdk"`},
		"parent":               {file(`ovf:href=".."`), `not a valid file name: ".."`},
		"percent encoded path": {file(`ovf:href="..%2fd"`), `not a valid file name: "../d"`},
		"line in the name":     {file(`ovf:href="a&#10;b"`), `not a valid file name: "a\nb"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parseDescriptor(test.text); !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that wraps ErrUnusable with %q", err, test.want)
			}
		})
	}
}

func TestCapacity(t *testing.T) {
	tests := []struct {
		number, units string
		want          int64
	}{
		{"5", "", 5}, {"5", "byte", 5}, {"5", "byte * 2^30", 5 << 30}, {"5", "byte*10^3", 5000}, {"5", "GigaBytes", 0},
		{"${size}", "byte", 0}, {"-5", "byte", 0}, {"9223372036854775807", "byte", 0}, {"5", "byte * 10^99", 0}, {"0",
			"byte * 10^99", 0},
	}
	for _, test := range tests {
		if got := capacity(test.number, test.units); got != test.want {
			t.Errorf("%s of %q are %d, want %d", test.number, test.units, got, test.want)
		}
	}
}

func TestParseManifest(t *testing.T) {
	zeros := strings.Repeat("00", 20)
	good := "SHA1(a.ovf)= " + zeros + "\r\n\nSHA1 (b (1).vmdk) = " + zeros + "\nSHA256(a.ovf)=" + strings.Repeat("AB", 32)
	got, err := parseManifest([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := []checksum{{"SHA1", "a.ovf", make([]byte, 20)}, {"SHA1", "b (1).vmdk", make([]byte, 20)},
		{"SHA256", "a.ovf", slices.Repeat([]byte{0xab}, 32)}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(checksum{})); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"MD5(a)= " + zeros:                        `line 1 of the manifest, "MD5(a)= `,
		"SHA256(a)= " + zeros:                     "line 1 of the manifest: SHA256 of 40 digits, want 64",
		"SHA1(a)= " + zeros + "0":                 "SHA1 of 41 digits, want 40",
		"SHA1(../a)= " + zeros:                    `not a valid file name: "../a"`,
		"\nSHA1()= " + zeros:                      "line 2 of the manifest",
		strings.Repeat("SHA1(a)= "+zeros+"\n", 2): `line 2 of the manifest: a second SHA1 of "a"`,
	} {
		if _, err := parseManifest([]byte(text)); !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), want) {
			t.Errorf("manifest %q: error %v, want %q", text, err, want)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte("SHA1(a.ovf)= " + strings.Repeat("00", 20) + "\r\nSHA256 (b) = " + strings.Repeat("ab", 32)))
	f.Add([]byte("SHA512(../a)= 00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parseManifest(text)
		if err != nil && !errors.Is(err, ErrUnusable) {
			t.Errorf("error %v, want one that wraps ErrUnusable", err)
		}
		for _, c := range list {
			if checkName(c.name) != nil || len(c.sum) != algorithms[c.algorithm]().Size() {
				t.Errorf("checksum %v", c)
			}
		}
	})
}

func FuzzParseDescriptor(f *testing.F) {
	f.Add(envelope(goodFile, goodDisk, on("5", "PIIX4"), `<vbox:Machine><Firmware type="EFI"/></vbox:Machine>`))
	f.Add(envelope(`<File ovf:href="a%20b" ovf:id="f" ovf:compression="gzip"/>`, goodDisk,
		`<vmw:Config vmw:key="firmware" vmw:value="bios"/>`, ""))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parseDescriptor(text)
		if err != nil {
			if !errors.Is(err, ErrUnusable) {
				t.Errorf("error %v, want one that wraps ErrUnusable", err)
			}
			return
		}
		for _, name := range d.candidates() {
			if checkName(name) != nil || !d.names(name) {
				t.Errorf("file name %q", name)
			}
		}
		if !slices.Contains([]string{"", "ide", "scsi", "sata"}, d.bus) || d.capacity < 0 {
			t.Errorf("descriptor %+v", d)
		}
	})
}
