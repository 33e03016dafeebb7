package machine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArgv(t *testing.T) {
	c := Config{Dir: "/w d", Accel: TCG, CPU: 2, RAM: 1024, Swap: 512, Base: "/images/a,b.qcow2", BaseFormat: "qcow2", Network: NoNetwork}
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
		"-blockdev", `{"backing":null,"driver":"qcow2","file":{"driver":"file","filename":"/images/a,b.qcow2","read-only":true},"node-name":"base","read-only":true}`,
		"-blockdev", `{"backing":"base","cache":{"no-flush":true},"detect-zeroes":"unmap","discard":"unmap","driver":"qcow2","file":{"discard":"unmap","driver":"file","filename":"/w d/overlay.qcow2"},"node-name":"disk"}`,
		"-device", "virtio-blk-pci,drive=disk,bootindex=0",
		"-blockdev", `{"driver":"raw","file":{"driver":"file","filename":"/w d/swap.raw","read-only":false},"node-name":"swap","read-only":false}`,
		"-device", "virtio-blk-pci,drive=swap,serial=stratus-swap",
		"-blockdev", `{"driver":"raw","file":{"driver":"file","filename":"/w d/seed.iso","read-only":true},"node-name":"seed","read-only":true}`,
		"-device", "virtio-blk-pci,drive=seed",
		"-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22",
		"-device", "virtio-net-pci,netdev=net,romfile=",
		"-S",
	}
	if diff := cmp.Diff(want, c.Argv()); diff != "" {
		t.Errorf("argv (-want +got):\n%s", diff)
	}
}

func TestArgvVariants(t *testing.T) {
	for _, test := range []struct {
		name   string
		config Config
		has    []string
		hasNot []string
	}{
		{"kvm", Config{Accel: KVM, BaseFormat: "raw", Network: UserNetwork}, []string{"-accel kvm", "-cpu host", "restrict=off"}, []string{"swap.raw", "backing\":null"}},
		{"vpc", Config{Accel: TCG, BaseFormat: "vpc"}, []string{`"driver":"vpc"`}, []string{"backing\":null"}},
		{"vmdk", Config{Accel: TCG, BaseFormat: "vmdk"}, []string{`"backing":null,"driver":"vmdk"`}, nil},
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
