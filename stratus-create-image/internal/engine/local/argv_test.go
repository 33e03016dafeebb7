package local

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArgv(t *testing.T) {
	c := machineConfig{
		Dir: "/w d", Accel: TCG, CPU: 2, RAM: 1024, Swap: 512, Base: "/images/a,b.qcow2", BaseFormat: "qcow2",
		Seeds: []string{"/w d/seed.iso"}, Network: NoNetwork,
	}
	want := []string{
		"qemu-system-x86_64", "-name", "stratus-create-image",
		"-nodefaults", "-no-user-config", "-display", "none",
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-machine", "q35,graphics=off", "-accel", "tcg,thread=multi", "-cpu", "max,-la57",
		"-smp", "2", "-m", "1024",
		"-boot", "strict=on",
		"-chardev", "socket,id=qmp,fd=3,server=on,wait=off", "-mon", "chardev=qmp,mode=control",
		"-chardev", "socket,id=console,fd=4,server=on,wait=off", "-serial", "chardev:console",
		"-device", "virtio-rng-pci",
		"-blockdev", `{"backing":null,"driver":"qcow2",` +
			`"file":{"driver":"file","filename":"/images/a,b.qcow2","read-only":true},"node-name":"base","read-only":true}`,
		"-blockdev", `{"backing":"base","cache":{"no-flush":true},"detect-zeroes":"unmap","discard":"unmap","driver":"qcow2",` +
			`"file":{"discard":"unmap","driver":"file","filename":"/w d/overlay.qcow2"},"node-name":"disk0"}`,
		"-device", "virtio-blk-pci,drive=disk0,bootindex=0",
		"-blockdev", `{"driver":"raw","file":{"driver":"file","filename":"/w d/swap.raw","read-only":false},` +
			`"node-name":"swap","read-only":false}`,
		"-device", "virtio-blk-pci,drive=swap,serial=stratus-swap",
		"-blockdev", `{"driver":"raw","file":{"driver":"file","filename":"/w d/seed.iso","read-only":true},` +
			`"node-name":"seed0","read-only":true}`,
		"-device", "virtio-blk-pci,drive=seed0",
		"-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22",
		"-device", "virtio-net-pci,netdev=net,romfile=,mac=52:54:00:12:34:56",
		"-device", "virtio-balloon-pci,free-page-reporting=on", "-S",
	}
	if diff := cmp.Diff(want, c.Argv()); diff != "" {
		t.Errorf("argv (-want +got):\n%s", diff)
	}
}

func TestArgvVariants(t *testing.T) {
	for _, test := range []struct {
		name   string
		config machineConfig
		has    []string
		hasNot []string
	}{
		{
			"kvm", machineConfig{Accel: KVM, BaseFormat: "raw", Network: UserNetwork},
			[]string{"-accel kvm", "-cpu host", "restrict=off"}, []string{"swap.raw", "backing\":null"},
		},
		{"vpc", machineConfig{Accel: TCG, BaseFormat: "vpc"}, []string{`"driver":"vpc"`}, []string{"backing\":null"}},
		{"vmdk", machineConfig{Accel: TCG, BaseFormat: "vmdk"}, []string{`"backing":null,"driver":"vmdk"`}, nil},
	} {
		argv := test.config.Argv()
		line := strings.Join(argv, " ")
		for _, s := range test.has {
			if !strings.Contains(line, s) {
				t.Errorf("%s: no %q in %s", test.name, s, line)
			}
		}
		for _, s := range test.hasNot {
			if strings.Contains(line, s) {
				t.Errorf("%s: %q in %s", test.name, s, line)
			}
		}
		for i, arg := range argv {
			if i > 0 && argv[i-1] == "-blockdev" && !json.Valid([]byte(arg)) {
				t.Errorf("%s: not JSON: %s", test.name, arg)
			}
		}
	}
}

// TestArgvBuses looks at what the bus and the firmware decide.
func TestArgvBuses(t *testing.T) {
	const (
		wire  = "hubport,id=plug,hubid=0,netdev=net"
		plug0 = "hubport,id=plug0,hubid=0"
		plug1 = "hubport,id=plug1,hubid=0"
		card  = "virtio-net-pci,netdev=plug0,romfile=,mac=52:54:00:12:34:56"
		e1000 = "e1000,netdev=plug1,romfile="
		rng   = "virtio-rng-pci"
	)
	for _, test := range []struct {
		name   string
		config machineConfig
		want   []string // values of -machine, -device and -netdev but for the first of these
	}{
		{"virtio", machineConfig{Bus: Virtio, Seeds: []string{"/a", "/b"}}, []string{
			"q35,graphics=off", rng, "virtio-blk-pci,drive=disk0,bootindex=0",
			"virtio-blk-pci,drive=seed0", "virtio-blk-pci,drive=seed1", "virtio-net-pci,netdev=net,romfile=,mac=52:54:00:12:34:56",
		}},
		{"nothing to tell", machineConfig{Seeds: []string{}}, []string{
			"q35,graphics=off", rng, "virtio-blk-pci,drive=disk0,bootindex=0", "virtio-net-pci,netdev=net,romfile=,mac=52:54:00:12:34:56",
		}},
		{"scsi", machineConfig{Bus: SCSI, Swap: 1, Seeds: []string{"/a"}}, []string{
			"q35,graphics=off", rng, "pvscsi,id=scsi", "scsi-hd,bus=scsi.0,drive=disk0,bootindex=0",
			"scsi-hd,bus=scsi.0,drive=swap,serial=stratus-swap", "scsi-hd,bus=scsi.0,drive=seed0", wire, plug0, card, plug1, e1000,
		}},
		{"ide", machineConfig{Bus: IDE, Swap: 1, Seeds: []string{"/a", "/b"}}, []string{
			"pc,graphics=off", rng, "ide-hd,bus=ide.0,unit=0,drive=disk0,bootindex=0",
			"ide-hd,bus=ide.0,unit=1,drive=swap,serial=stratus-swap",
			"ide-cd,bus=ide.1,unit=0,drive=seed0", "ide-cd,bus=ide.1,unit=1,drive=seed1", wire, plug0, card, plug1, e1000,
		}},
		{"crowded ide", machineConfig{Bus: IDE, Seeds: []string{"/a", "/b", "/c", "/d"}}, []string{
			"pc,graphics=off", rng, "ich9-ahci,id=more", "ide-hd,bus=ide.0,unit=0,drive=disk0,bootindex=0",
			"ide-cd,bus=ide.1,unit=0,drive=seed0", "ide-cd,bus=ide.1,unit=1,drive=seed1",
			"ide-cd,bus=more.0,drive=seed2", "ide-cd,bus=more.1,drive=seed3", wire, plug0, card, plug1, e1000,
		}},
		{"sata", machineConfig{Bus: SATA, Swap: 1, Seeds: []string{"/a", "/b", "/c", "/d"}}, []string{
			"q35,graphics=off", rng, "ide-hd,bus=ide.0,drive=disk0,bootindex=0", "ide-hd,bus=ide.1,drive=swap,serial=stratus-swap",
			"ide-cd,bus=ide.2,drive=seed0", "ide-cd,bus=ide.3,drive=seed1", "ide-cd,bus=ide.4,drive=seed2", "ide-cd,bus=ide.5,drive=seed3",
			wire, plug0, card, plug1, e1000,
		}},
		{"scsi by uefi", machineConfig{Bus: SCSI, OVMF: &OVMF{"/o/code", "/o/vars"}}, []string{
			"q35,graphics=off,pflash0=code,pflash1=vars", rng, "virtio-scsi-pci,id=scsi", "scsi-hd,bus=scsi.0,drive=disk0,bootindex=0",
			wire, plug0, card, plug1, e1000,
		}},
		{"uefi", machineConfig{Bus: IDE, OVMF: &OVMF{"/o/code", "/o/vars"}}, []string{
			"pc,graphics=off,pflash0=code,pflash1=vars", rng, "ide-hd,bus=ide.0,unit=0,drive=disk0,bootindex=0",
			wire, plug0, card, plug1, e1000,
		}},
	} {
		var got []string
		argv := test.config.Argv()
		for i, arg := range argv {
			if arg == "-machine" || arg == "-device" || arg == "-netdev" && !strings.HasPrefix(argv[i+1], "user,") {
				got = append(got, argv[i+1])
			}
		}
		want := append(test.want, "virtio-balloon-pci,free-page-reporting=on")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	argv := strings.Join((&machineConfig{Dir: "/d", OVMF: &OVMF{"/o/code", "/o/vars"}}).Argv(), " ")
	const flash = `-blockdev {"driver":"raw","file":{"driver":"file","filename":"/o/code","read-only":true},` +
		`"node-name":"code","read-only":true} ` +
		`-blockdev {"driver":"raw","file":{"driver":"file","filename":"/d/vars.fd","read-only":false},` +
		`"node-name":"vars","read-only":false} `
	if !strings.Contains(argv, flash) {
		t.Errorf("no %s in %s", flash, argv)
	}
}
