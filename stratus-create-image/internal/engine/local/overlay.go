package local

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/stratuslab/stratus/lib/diskimage"
)

// imgProgram is the command's name.
const imgProgram = "qemu-img"

// driver returns QEMU's name for a format; for an appliance, that of its disk.
func driver(f diskimage.Format) string {
	switch f {
	case diskimage.Vhd:
		return "vpc"
	case diskimage.Ova:
		return string(diskimage.Vmdk)
	}
	return string(f)
}

// createOverlay makes a qcow2 disk of the given size in bytes over a base, of
// which it names the path, which must be absolute, and the format.
func createOverlay(ctx context.Context, overlay, base string, format diskimage.Format, size int64) error {
	// Clusters of a file system's block size: what the guest trims is zero in
	// the image to the last block, and no deleted secret stays in it.
	// -u: do not open the base; its format and size are known.
	return run(ctx, "create", "-q", "-u", "-f", "qcow2", "-o", "cluster_size=4k", "-F", driver(format), "-b", base, overlay, strconv.FormatInt(size, 10))
}

// variants are the options for formats that have several forms.
var variants = map[diskimage.Format]string{
	// With the size that was asked for, not rounded to cylinders.
	diskimage.Vhd: "subformat=dynamic,force_size=on",
	// The one form that appliances may have.
	diskimage.Ova: "subformat=streamOptimized",
}

// convertDisk writes a disk's whole content, backing files included, to one image
// that stands alone, or to the disk of an appliance. Zeros take no space.
func convertDisk(ctx context.Context, overlay, target string, format diskimage.Format) error {
	args := []string{"convert", "-q", "-f", "qcow2", "-O", driver(format)}
	if variant, ok := variants[format]; ok {
		args = append(args, "-o", variant)
	}
	return run(ctx, append(args, overlay, target)...)
}

func run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, imgProgram, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // signals are for us to handle
	var says bytes.Buffer
	cmd.Stderr = &says
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("running qemu-img %s: %w", args[0], context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("running qemu-img %s: %w: %s", args[0], err, strings.TrimSpace(says.String()))
	}
	return nil
}
