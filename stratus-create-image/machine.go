package main

import (
	"cmp"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stratuslab/stratus/lib/command"
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/build"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine/local"
)

// sizeFlags and hardwareFlags are the flags of readMachine.
func sizeFlags() []cli.Flag {
	const vm = "Machine"
	return []cli.Flag{
		value(text(vm, "type", "t", "start a machine of the instance `TYPE`: t1.micro, m1.small, m1.medium, m1.large, m1.xlarge, c1.medium, c1.xlarge, or one of the configuration"), engine.DefaultType),
		&cli.IntFlag{Name: "cpu", Usage: "set the `NUMBER` of processors (default: the type's)", Category: vm},
		&cli.IntFlag{Name: "ram", Usage: "set the memory, in `MIB` (default: the type's)", Category: vm},
		text(vm, "disk-size", "", "grow the disk to `SIZE`, such as 20G"),
		value(text(vm, "accel", "", "run the processor with `ACCEL`: auto, kvm or tcg"), "auto"),
		value(text(vm, "network", "", "connect the machine to `NETWORK`: user (what this host reaches) or none"), "user"),
	}
}

func hardwareFlags() []cli.Flag {
	const vm = "Machine"
	return []cli.Flag{
		value(text(vm, "disks-bus", "", "attach the disks to `BUS`: auto (virtio, then others if the kernel does not find its disk), virtio, scsi, ide or sata"), "auto"),
		value(text(vm, "firmware", "", "start the machine with `FIRMWARE`: auto (chosen by the disk's content), bios or uefi"), "auto"),
		value(text(vm, "vm-start-timeout", "", "wait at most `SECONDS`, or a time such as 10m, for the login, and as long again for the end of the boot"), "600"),
		value(text(vm, "script-timeout", "", "let each copy, run of the package manager, script and command take at most `SECONDS`, or a time such as 10m; 0 sets no limit"), "3600"),
	}
}

// readMachine reads which engine runs which machine.
func readMachine(c *command.Call, q *build.Request) (err error) {
	own := c.Config.Section("instance_types")
	q.Machine = command.Parse(c, &err, "type", func(name string) (engine.Size, error) { return engine.ParseType(name, own) })
	if err != nil {
		return err
	}
	q.Machine.CPU, q.Machine.RAM = cmp.Or(c.Int("cpu"), q.Machine.CPU), cmp.Or(c.Int("ram"), q.Machine.RAM)
	if err := q.Machine.Check(); err != nil {
		return report.Usagef("reading the machine's size: %w", err)
	}
	q.Disk = command.Parse(c, &err, "disk-size", parseSize)
	q.Engine = &local.Engine{
		Accel:    command.Parse(c, &err, "accel", local.ParseAccel),
		Network:  command.Parse(c, &err, "network", local.ParseNetwork),
		Bus:      command.Parse(c, &err, "disks-bus", local.ParseBus),
		Firmware: command.Parse(c, &err, "firmware", local.ParseFirmware),
	}
	return err
}

// parseDuration reads seconds, or a number with units such as 10m.
func parseDuration(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errors.New("not a valid time; want seconds, or a time such as 10m")
	}
	return d, nil
}

// parseSize reads bytes, or a number with the binary unit K, M, G or T. An empty
// text is 0.
func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, shift := text, 0
	if i := strings.IndexByte("KMGT", strings.ToUpper(text)[len(text)-1]); i >= 0 {
		number, shift = text[:len(text)-1], 10*(i+1)
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64>>shift {
		return 0, errors.New("not a valid size; want a size such as 20G")
	}
	return n << shift, nil
}
