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
	"github.com/stratuslab/stratus/lib/report"
	"github.com/stratuslab/stratus/stratus-create-image/internal/engine"
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

// convertDisk writes a disk's whole content, backing files included, in the format of
// the target to one image that stands alone, or to the disk of an appliance. Zeros
// take no space.
func convertDisk(ctx context.Context, overlay, image string, t *engine.Target) error {
	args := []string{"convert", "-q", "-m", "16", "-f", "qcow2", "-O", driver(t.Format)}
	if variant, ok := variants[t.Format]; ok {
		args = append(args, "-o", variant)
	}
	clusters := t.Compressed()
	if clusters != engine.PlainClusters {
		args = append(args, "-c", "-o", compressionOption(clusters))
	}
	// In any order: only so several clusters are compressed at a time.
	if clusters != engine.PlainClusters || t.Format == diskimage.Raw {
		args = append(args, "-W")
	}
	return run(ctx, append(args, overlay, image)...)
}

// compressionOption returns the option with which qemu-img compresses clusters.
func compressionOption(c engine.Clusters) string { return "compression_type=" + string(c) }

// checkCompression checks that qemu-img can write the target. It does so without
// writing anything.
func checkCompression(ctx context.Context, t *engine.Target) error {
	if t == nil || t.Compressed() != engine.ZstdClusters {
		return nil
	}
	if err := run(ctx, "measure", "-O", "qcow2", "-o", compressionOption(engine.ZstdClusters), "--size", "1M"); err != nil {
		return report.WithHint(fmt.Errorf("looking for zstd in qemu-img: %w", err), "QEMU 5.1 has it; or use --qcow2-compression zlib")
	}
	return nil
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
