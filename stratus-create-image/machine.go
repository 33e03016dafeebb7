package main

import (
	"cmp"
	"errors"
	"strconv"
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
	return command.InCategory("Machine",
		&cli.StringFlag{Name: "type", Aliases: []string{"t"}, Value: engine.DefaultType, Usage: "start a machine of the instance `TYPE`: t1.micro, m1.small, m1.medium, m1.large, m1.xlarge, c1.medium, c1.xlarge, or one of the configuration"},
		&cli.IntFlag{Name: "cpu", Usage: "set the `NUMBER` of processors (default: the type's if one is named, else as many as this host has, at most 4)"},
		&cli.IntFlag{Name: "ram", Usage: "set the memory, in `MIB` (default: the type's)"},
		&cli.StringFlag{Name: "disk-size", Usage: "grow the disk to `SIZE`, such as 20G"},
		&cli.StringFlag{Name: "accel", Value: "auto", Usage: "run the processor with `ACCEL`: auto, kvm or tcg"},
		&cli.StringFlag{Name: "network", Value: "user", Usage: "connect the machine to `NETWORK`: user (what this host reaches) or none"},
	)
}

func hardwareFlags() []cli.Flag {
	return command.InCategory("Machine",
		&cli.StringFlag{Name: "disks-bus", Value: "auto", Usage: "attach the disks to `BUS`: auto (virtio, then others if the kernel does not find its disk), virtio, scsi, ide or sata"},
		&cli.StringFlag{Name: "firmware", Value: "auto", Usage: "start the machine with `FIRMWARE`: auto (chosen by the disk's content), bios or uefi"},
		&cli.StringFlag{Name: "vm-start-timeout", Value: "600", Usage: "wait at most `SECONDS`, or a time such as 10m, for the login, and as long again for the end of the boot"},
		&cli.StringFlag{Name: "script-timeout", Value: "3600", Usage: "let each copy, run of the package manager, script and command take at most `SECONDS`, or a time such as 10m; 0 sets no limit"},
	)
}

// readMachine reads which engine runs which machine.
func readMachine(c *command.Call, q *build.Request) (err error) {
	own := c.Config.Section("instance_types")
	q.Machine = command.Parse(c, &err, "type", func(name string) (engine.Size, error) { return engine.ParseType(name, own) })
	if err != nil {
		return err
	}
	q.Machine.CPU, q.Machine.RAM = cmp.Or(c.Int("cpu"), q.Machine.CPU), cmp.Or(c.Int("ram"), q.Machine.RAM)
	q.ApplianceCPU = q.Machine.CPU
	if c.Int("cpu") == 0 && c.Value("type").Origin == command.Default {
		q.Machine.CPU = engine.HostCPU()
	}
	if err := q.Machine.Check(); err != nil {
		return report.Usagef("reading the machine's size: %w", err)
	}
	if c.String("disk-size") != "" {
		q.Disk = command.Parse(c, &err, "disk-size", report.ParseBytes)
	}
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
